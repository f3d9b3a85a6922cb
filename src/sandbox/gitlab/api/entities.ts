/** Users, members, projects and labels as the API shows them. */
import type { Commit } from "../bare-repository.ts";
import { isActive } from "../authentication.ts";
import type { FileDiff } from "../file-diff.ts";
import type { Label, Membership, Project, ProtectedBranch, Token, User } from "../model.ts";
import { avatarUrl } from "../payloads/parts.ts";
import { namespaceOf, type World } from "../world.ts";

export type Entity = Readonly<Record<string, unknown>>;

/** The short form, in lists and inside of others: it does not tell bots from people. */
export function userBasic(world: World, user: User): Entity {
  return {
    id: user.id,
    username: user.username,
    public_email: null,
    name: user.name,
    state: "active",
    locked: false,
    avatar_url: avatarUrl(user),
    web_url: `${world.url}/${user.username}`,
  };
}

export function userFull(world: World, user: User): Entity {
  return {
    ...userBasic(world, user),
    created_at: user.createdAt.toISOString(),
    bio: "",
    location: null,
    linkedin: "",
    twitter: "",
    discord: "",
    website_url: "",
    github: "",
    job_title: "",
    pronouns: null,
    organization: null,
    bot: user.bot,
    work_information: null,
    followers: 0,
    following: 0,
    is_followed: false,
    local_time: null,
  };
}

export function currentUser(world: World, user: User): Entity {
  return {
    ...userFull(world, user),
    last_sign_in_at: null,
    confirmed_at: user.createdAt.toISOString(),
    last_activity_on: null,
    email: user.email,
    theme_id: null,
    color_scheme_id: 1,
    projects_limit: 0,
    current_sign_in_at: null,
    identities: [],
    can_create_group: false,
    can_create_project: false,
    two_factor_enabled: false,
    external: false,
    private_profile: false,
    commit_email: user.email,
    preferred_language: "en",
    is_admin: false,
  };
}

export function member(world: World, user: User, membership: Membership): Entity {
  return {
    ...userBasic(world, user),
    access_level: membership.level,
    created_at: membership.since.toISOString(),
    expires_at: null,
    membership_state: "active",
  };
}

export function personalAccessToken(world: World, token: Token): Entity {
  return {
    id: token.id,
    name: token.name,
    revoked: token.revoked,
    created_at: token.createdAt.toISOString(),
    description: null,
    scopes: token.scopes,
    user_id: token.user.id,
    last_used_at: token.lastUsedAt?.toISOString() ?? null,
    active: isActive(world, token),
    expires_at: token.expiresOn ?? null,
  };
}

export function projectEntity(world: World, project: Project, me: User): Entity {
  const web = world.webUrl(project);
  const namespace = namespaceOf(project);
  const name = project.path.slice(namespace.length + 1);
  const own = project.members.get(me.id);
  const inherited = world.groupMember(namespace, me);
  return {
    id: project.id,
    description: null,
    name,
    name_with_namespace: project.path.split("/").join(" / "),
    path: name,
    path_with_namespace: project.path,
    created_at: project.createdAt.toISOString(),
    default_branch: project.defaultBranch,
    tag_list: [],
    topics: [],
    ssh_url_to_repo: `git@127.0.0.1:${project.path}.git`,
    http_url_to_repo: `${web}.git`,
    web_url: web,
    readme_url: `${web}/-/blob/${project.defaultBranch}/README.md`,
    forks_count: world.projects.filter(({ forkedFrom }) => forkedFrom === project).length,
    avatar_url: null,
    star_count: 0,
    last_activity_at: world.now().toISOString(),
    visibility: "private",
    namespace: {
      id: world.group(namespace)?.id ?? project.creator.id,
      name: namespace.split("/").at(-1),
      path: namespace.split("/").at(-1),
      kind: world.group(namespace) === undefined ? "user" : "group",
      full_path: namespace,
      parent_id: null,
      avatar_url: null,
      web_url: `${world.url}/groups/${namespace}`,
    },
    ...(project.forkedFrom === undefined ? {} : { forked_from_project: basicProject(world, project.forkedFrom) }),
    empty_repo: false,
    archived: false,
    issues_enabled: true,
    merge_requests_enabled: true,
    wiki_enabled: false,
    jobs_enabled: true,
    snippets_enabled: false,
    creator_id: project.creator.id,
    import_status: "none",
    public_jobs: false,
    shared_with_groups: [],
    only_allow_merge_if_pipeline_succeeds: project.settings.onlyMergeIfPipelineSucceeds,
    request_access_enabled: true,
    only_allow_merge_if_all_discussions_are_resolved: project.settings.onlyMergeIfDiscussionsResolved,
    remove_source_branch_after_merge: true,
    merge_method: "merge",
    squash_option: "default_off",
    permissions: {
      project_access: own === undefined ? null : { access_level: own.level, notification_level: 3 },
      group_access: inherited === undefined ? null : { access_level: inherited.level, notification_level: 3 },
    },
  };
}

function basicProject(world: World, project: Project): Entity {
  const web = world.webUrl(project);
  return {
    id: project.id,
    description: null,
    name: project.path.split("/").at(-1),
    name_with_namespace: project.path.split("/").join(" / "),
    path: project.path.split("/").at(-1),
    path_with_namespace: project.path,
    created_at: project.createdAt.toISOString(),
    ssh_url_to_repo: `git@127.0.0.1:${project.path}.git`,
    http_url_to_repo: `${web}.git`,
    web_url: web,
  };
}

export function labelEntity(label: Label): Entity {
  return {
    id: label.id,
    name: label.name,
    description: label.description,
    description_html: label.description ?? "",
    text_color: "#FFFFFF",
    color: label.color,
  };
}

export function projectLabel(label: Label): Entity {
  return { ...labelEntity(label), subscribed: false, priority: null, is_project_label: true };
}

export function protectedBranch(branch: ProtectedBranch): Entity {
  const access = (level: number): Entity => ({
    id: branch.id * 10,
    access_level: level,
    access_level_description: level === 0 ? "No one" : level === 30 ? "Developers + Maintainers" : "Maintainers",
  });
  return {
    id: branch.id,
    name: branch.name,
    push_access_levels: [access(branch.pushLevel)],
    merge_access_levels: [access(branch.mergeLevel)],
    allow_force_push: branch.forcePush ?? false,
    unprotect_access_levels: [],
    code_owner_approval_required: false,
  };
}

export function commitEntity(world: World, project: Project, commit: Commit): Entity {
  return {
    id: commit.sha,
    short_id: commit.sha.slice(0, 8),
    created_at: commit.committedAt,
    parent_ids: commit.parents,
    title: commit.message.split("\n")[0] ?? "",
    message: commit.message,
    author_name: commit.authorName,
    author_email: commit.authorEmail,
    authored_date: commit.authoredAt,
    committer_name: commit.committerName,
    committer_email: commit.committerEmail,
    committed_date: commit.committedAt,
    trailers: {},
    extended_trailers: {},
    web_url: `${world.webUrl(project)}/-/commit/${commit.sha}`,
  };
}

// diff_max_patch_bytes: what is larger is left out (instance_limits).
const PATCH_LIMIT_BYTES = 200 * 1024;

export function diffEntity(file: FileDiff): Entity {
  const tooLarge = Buffer.byteLength(file.diff) > PATCH_LIMIT_BYTES;
  return {
    diff: tooLarge ? "" : file.diff,
    collapsed: false,
    too_large: tooLarge,
    new_path: file.newPath,
    old_path: file.oldPath,
    a_mode: file.oldMode,
    b_mode: file.newMode,
    new_file: file.kind === "new",
    renamed_file: file.kind === "renamed",
    deleted_file: file.kind === "deleted",
    generated_file: false,
  };
}
