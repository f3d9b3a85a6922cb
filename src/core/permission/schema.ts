/** What policies may speak about, in Cedar's schema language. Policies are validated against it, so a misspelt word is found in review. */
export const CEDAR_SCHEMA = `
// Access levels are GitLab's numbers: 0 none, 10 guest, 15 planner, 20 reporter, 25 security manager, 30 developer, 40 maintainer, 50 owner.
entity User = {
  "accessLevel": Long,        // in the claim repository
  "ownerAccessLevel": Long,   // in the group that owns the environment; for the platform and without an environment the one above
  "bot": Bool,
  "isAuthor": Bool,           // of the merge request
  "isCommitter": Bool,        // of a commit in it
};

entity Environment = {
  "name": String,
  "type": String,             // dev, sue, stage or prod; the environment named platform, the rules themselves, is a prod one
  "owner": String,            // the path of a GitLab group; empty for the platform
};

// The claim repository as a whole: what a command is about that names no environment.
entity Repository;

type Circumstances = {
  "fork": Bool,               // the merge request comes from another project
  "confirms": Bool,           // the command names the digest of the plan that it confirms
};

action "read";                // looks, or plans again: nothing changes
action "change";              // changes an environment, or what may happen to it

action "help", "plan", "status", "why", "who", "history", "diff" in ["read"] appliesTo {
  principal: User, resource: [Environment, Repository], context: Circumstances
};

action "apply", "promote", "rollback", "extend", "destroy", "hold", "unhold", "cancel" in ["change"] appliesTo {
  principal: User, resource: Environment, context: Circumstances
};
`;
