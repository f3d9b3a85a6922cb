/** The policies that hold where a claim repository has none of its own: text like its own, so that it can begin with a copy. */
import type { Policy } from "../adopted.ts";

export const DEFAULT_POLICIES: readonly Policy[] = [
  {
    path: "policies/default.cedar",
    text: `// Who may say which command, where the claim repository has no policies of its own.
// What no policy permits is refused, and a forbid wins over every permit.
// Access levels: 10 guest, 20 reporter, 30 developer, 40 maintainer, 50 owner.
// A description is what a refused person reads; {command}, {type} and {owner} are filled in.

@id("help")
@description("help is for everybody")
permit (principal, action == Action::"help", resource);

@id("read")
@description("{command} is for reporters of this repository or of the owner")
permit (principal, action in Action::"read", resource)
when { principal.accessLevel >= 20 || principal.ownerAccessLevel >= 20 };

@id("dev-and-sue")
@description("{command} on {type} is for developers of {owner} and maintainers of this repository")
permit (principal, action in Action::"change", resource is Environment)
when { ["dev", "sue"].contains(resource.type) }
when { principal.ownerAccessLevel >= 30 || principal.accessLevel >= 40 };

@id("stage")
@description("{command} on stage is for developers of {owner}")
permit (principal, action in Action::"change", resource is Environment)
when { resource.type == "stage" && principal.ownerAccessLevel >= 30 }
unless { action == Action::"destroy" };

@id("stage-destroy")
@description("destroy on stage is for maintainers of {owner}")
permit (principal, action == Action::"destroy", resource is Environment)
when { resource.type == "stage" && principal.ownerAccessLevel >= 40 };

@id("prod")
@description("{command} on prod is for maintainers of {owner}")
permit (principal, action in Action::"change", resource is Environment)
when { resource.type == "prod" && principal.ownerAccessLevel >= 40 };

// To stop is cheap, to go on is not: more people may hold than unhold.
@id("hold")
@description("{command} is for developers of {owner} or of this repository")
permit (principal, action in [Action::"hold", Action::"cancel"], resource is Environment)
when { principal.ownerAccessLevel >= 30 || principal.accessLevel >= 30 };

// A plan that a digest confirms is one that nobody reviewed: a second pair of eyes looks at it.
@id("four-eyes")
@description("a new plan for prod is confirmed by somebody who neither opened the merge request nor committed to it")
forbid (principal, action == Action::"apply", resource is Environment)
when { resource.type == "prod" && context.confirms && (principal.isAuthor || principal.isCommitter) };

@id("fork")
@description("nothing is changed from a fork")
forbid (principal, action in Action::"change", resource)
when { context.fork };

@id("bot")
@description("commands are for people")
forbid (principal, action, resource)
when { principal.bot };
`,
  },
];
