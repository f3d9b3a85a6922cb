/** The look of the pages, close enough to GitLab's to feel at home. */

export const STYLE = `
:root { --ink: #28272d; --soft: #626168; --line: #dcdcde; --ground: #fbfafd; --accent: #1f75cb; --green: #108548; --red: #dd2b0e;
  --amber: #ab6100; --added: #ecfdf0; --removed: #fbe9eb; --mono: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
* { box-sizing: border-box; }
body { margin: 0; font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", Ubuntu, Cantarell, "Helvetica Neue", sans-serif; color: var(--ink); background: #fff; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
code, pre, textarea.code { font-family: var(--mono); font-size: 12.5px; }
code { background: #ececef; border-radius: 4px; padding: 1px 4px; } pre code { background: none; padding: 0; }
header.top { display: flex; flex-wrap: wrap; align-items: center; gap: 16px; padding: 8px 24px; background: #171321; color: #fff; }
header.top a { color: #fff; } header.top .brand { font-weight: 700; color: #fc6d26; }
header.top nav { display: flex; gap: 14px; margin-left: 8px; } header.top form { margin-left: auto; display: flex; gap: 8px; align-items: center; }
main { max-width: 1180px; margin: 0 auto; padding: 20px 24px 64px; }
h1 { font-size: 22px; margin: 4px 0 6px; } h2 { font-size: 17px; margin: 28px 0 10px; } h3 { font-size: 15px; margin: 0 0 6px; }
.crumbs, .soft { color: var(--soft); } .soft { font-size: 13px; }
.badge { display: inline-block; border-radius: 12px; padding: 0 9px; font-size: 12px; font-weight: 600; line-height: 20px; background: #ececef; color: #434248; }
.badge.opened, .badge.success, .badge.available { background: #c3e6cd; color: #0d532a; } .badge.merged, .badge.running { background: #cbe2f9; color: #0b5cad; }
.badge.closed, .badge.failed { background: #fdd4cd; color: #a32109; } .badge.pending, .badge.draft { background: #f5d9a8; color: #703800; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) 250px; gap: 32px; } @media (max-width: 900px) { .columns { grid-template-columns: minmax(0, 1fr); } }
aside section { border-bottom: 1px solid var(--line); padding: 12px 0; } aside h3 { font-size: 13px; color: var(--soft); }
.card { border: 1px solid var(--line); border-radius: 6px; margin: 12px 0; background: #fff; } .card > .head { padding: 8px 14px; background: var(--ground); border-bottom: 1px solid var(--line); border-radius: 6px 6px 0 0; }
.card > .body { padding: 12px 14px; } .card.bot { border-left: 3px solid #fc6d26; } .card > .body > :first-child { margin-top: 0; } .card > .body > :last-child { margin-bottom: 0; }
.row { display: flex; flex-wrap: wrap; gap: 10px; align-items: baseline; padding: 10px 14px; border-bottom: 1px solid var(--line); } .row:last-child { border-bottom: 0; } .row .grow { flex: 1; min-width: 0; }
.system { color: var(--soft); font-size: 13px; padding: 2px 14px; } .system p { display: inline; margin: 0; } .system ul { margin: 2px 0; }
.reply { margin-left: 24px; border-left: 2px solid var(--line); padding-left: 12px; } .reactions { display: flex; gap: 6px; padding: 0 14px 10px; flex-wrap: wrap; }
.reactions span { border: 1px solid var(--line); border-radius: 12px; padding: 0 8px; background: var(--ground); }
button, .button { font: inherit; font-weight: 500; border: 1px solid #bfbfc3; border-radius: 4px; background: #fff; padding: 4px 12px; cursor: pointer; color: var(--ink); }
button:hover { background: var(--ground); } button.good { background: var(--green); border-color: var(--green); color: #fff; } button.main { background: var(--accent); border-color: var(--accent); color: #fff; } button.bad { color: var(--red); border-color: var(--red); }
button:disabled { opacity: .5; cursor: default; } select, input, textarea { font: inherit; border: 1px solid #89888d; border-radius: 4px; padding: 4px 8px; background: #fff; color: var(--ink); }
textarea { width: 100%; min-height: 90px; } textarea.code { min-height: 460px; line-height: 1.5; } label.field { display: block; margin: 10px 0; } label.field > span { display: block; font-weight: 600; margin-bottom: 3px; } label.field input { width: 100%; }
.buttons { display: flex; gap: 8px; align-items: center; flex-wrap: wrap; margin-top: 10px; }
table { border-collapse: collapse; margin: 8px 0; } .card .body { overflow-wrap: break-word; } .card .body table { display: block; max-width: 100%; overflow-x: auto; } .card .body td:nth-child(n + 3) code { overflow-wrap: anywhere; } th, td { border: 1px solid var(--line); padding: 5px 9px; text-align: left; vertical-align: top; } th { background: var(--ground); } th:empty { padding: 0; }
details { margin: 8px 0; } summary { cursor: pointer; } blockquote { margin: 8px 0; padding-left: 12px; border-left: 3px solid var(--line); color: var(--soft); }
.body pre { background: var(--ground); border: 1px solid var(--line); border-radius: 4px; padding: 8px 10px; overflow-x: auto; } li.task { list-style: none; margin-left: -18px; }
.suggestion { border: 1px solid var(--line); border-radius: 4px; overflow: hidden; } .suggestion p { margin: 0; padding: 4px 10px; background: var(--ground); font-weight: 600; border-bottom: 1px solid var(--line); } .suggestion pre { margin: 0; border: 0; padding: 0; }
.suggestion .line { display: block; padding: 0 10px; } .added { background: var(--added); } .removed { background: var(--removed); }
.file { border: 1px solid var(--line); border-radius: 6px; margin: 10px 0; overflow: hidden; } .file > summary { background: var(--ground); padding: 7px 12px; font-family: var(--mono); font-size: 12.5px; }
.file table { width: 100%; margin: 0; border-top: 1px solid var(--line); font-family: var(--mono); font-size: 12.5px; } .file td { border: 0; padding: 0 8px; white-space: pre-wrap; overflow-wrap: anywhere; } .file td.no { width: 44px; color: #89888d; text-align: right; user-select: none; white-space: nowrap; border-right: 1px solid var(--line); }
.file tr.hunk td { background: #f0f0f9; color: var(--soft); } .plus { color: var(--green); } .minus { color: var(--red); } .code-view { overflow-x: auto; } .code-view td { white-space: pre; }
.alert { border: 1px solid var(--red); background: #fdf5f4; border-radius: 6px; padding: 12px 16px; } .none { color: var(--soft); padding: 12px 14px; }
`;
