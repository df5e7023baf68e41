/**
 * The modal's stylesheet, one for all of them. What a page may set on the element: the variables below, `color-scheme`,
 * and the parts (ozon-upload-modal.js lists them).
 */
export const styles = new CSSStyleSheet();
styles.replaceSync(`
:host {
  color-scheme: light dark;
  --accent: var(--ozon-modal-accent, light-dark(#0b57e3, #8ab4ff));
  --on-accent: var(--ozon-modal-on-accent, light-dark(#fff, #08162e));
  --surface: var(--ozon-modal-surface, light-dark(#fff, #1a1d23));
  --sunken: var(--ozon-modal-sunken, light-dark(#f3f5f8, #24282f));
  --text: var(--ozon-modal-text, light-dark(#1a1f29, #eceef2));
  --muted: var(--ozon-modal-muted, light-dark(#586173, #a7b0be));
  --line: var(--ozon-modal-line, light-dark(#dce1e8, #363c46));
  --control: var(--ozon-modal-control, light-dark(#7c8697, #818b9b));
  --good: var(--ozon-modal-good, light-dark(#17713a, #7bd59a));
  --warn: var(--ozon-modal-warn, light-dark(#8a5300, #f2c374));
  --bad: var(--ozon-modal-bad, light-dark(#b3261e, #ff9d94));
  --radius: var(--ozon-modal-radius, 12px);
  --font: var(--ozon-modal-font, system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif);
}
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
dialog {
  width: min(720px, calc(100vw - 32px)); height: min(820px, calc(100dvh - 48px)); max-width: none; max-height: none;
  padding: 0; border: 1px solid var(--line); border-radius: var(--radius); overflow: hidden;
  background: var(--surface); color: var(--text); font: 400 14px/1.5 var(--font); box-shadow: 0 24px 64px rgb(0 0 0 / .28);
}
dialog::backdrop { background: rgb(10 14 22 / .55); }
dialog[open] { display: grid; grid-template-rows: auto 1fr auto; animation: rise .18s ease-out; }
@keyframes rise { from { opacity: 0; transform: translateY(8px); } }
h2, p, ol, ul { margin: 0; padding: 0; list-style: none; }
header, footer { padding: 16px 20px; display: flex; align-items: center; gap: 12px; }
header { justify-content: space-between; border-bottom: 1px solid var(--line); }
h2 { font-size: 17px; line-height: 24px; font-weight: 600; }
.body { overflow: auto; overscroll-behavior: contain; padding: 16px 20px; display: grid; gap: 16px; align-content: start; }
footer { flex-wrap: wrap; border-top: 1px solid var(--line); }

button, input { font: inherit; color: inherit; border-radius: calc(var(--radius) * .6); }
button { min-height: 36px; padding: 6px 14px; border: 1px solid var(--control); background: transparent; cursor: pointer; }
button:hover { background: var(--sunken); }
button[aria-disabled=true] { cursor: default; color: var(--muted); border-color: var(--line); background: transparent; }
.primary { min-width: 116px; border-color: var(--accent); background: var(--accent); color: var(--on-accent); font-weight: 600; }
.primary:hover { background: color-mix(in srgb, var(--accent) 88%, var(--text)); }
.primary[aria-disabled=true] { background: var(--sunken); color: var(--muted); }
.close { min-width: 36px; padding: 0; border-color: transparent; font-size: 20px; line-height: 1; color: var(--muted); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

.sku { display: grid; grid-template-columns: 1fr 1fr; gap: 0 20px; }
.label { color: var(--muted); font-size: 12px; line-height: 18px; }
.sku p { line-height: 24px; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
input { width: 100%; height: 36px; padding: 0 10px; border: 1px solid var(--control); background: var(--surface); }
input[aria-invalid=true] { border-color: var(--bad); }
.field small { display: block; min-height: 18px; font-size: 12px; line-height: 18px; color: var(--muted); }
.field small.bad { color: var(--bad); }

.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); gap: 12px; }
.item { min-width: 0; display: grid; gap: 2px; font-size: 12px; line-height: 18px; border-radius: calc(var(--radius) * .6);
  cursor: grab; user-select: none; position: relative; }
.item[aria-selected=true] { touch-action: none; }
.locked .item { cursor: default; }
.thumb { position: relative; aspect-ratio: 1; overflow: hidden; border-radius: calc(var(--radius) * .6);
  background: var(--sunken); border: 1px solid var(--line); }
.thumb img { width: 100%; height: 100%; object-fit: contain; display: block; }
.broken img { visibility: hidden; }
.item[aria-selected=true] .thumb { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
.badge { position: absolute; left: 6px; top: 6px; min-width: 20px; padding: 0 6px; border-radius: 10px; text-align: center;
  font-size: 11px; line-height: 20px; font-weight: 600; background: var(--surface); color: var(--text); }
.item:first-child .badge { background: var(--accent); color: var(--on-accent); }
.x { position: absolute; right: 4px; top: 4px; width: 24px; height: 24px; border-radius: 50%; text-align: center; cursor: pointer;
  font-size: 16px; line-height: 23px; background: var(--surface); color: var(--text); opacity: 0; }
.item:hover .x, .item[aria-selected=true] .x { opacity: 1; }
.locked .x { visibility: hidden; }
.bar { height: 3px; margin-top: 3px; border-radius: 2px; overflow: hidden; }
.item[data-state=sending] .bar { background: var(--line); }
.bar i { display: block; height: 100%; background: var(--accent); transform-origin: left; transition: transform .2s; }
.name { overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.state { height: 36px; color: var(--muted); overflow: hidden; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; }
.state::before { content: "○"; margin-inline-end: 4px; }
[data-state=sending] .state::before { content: "↑"; }
[data-state=done] .state { color: var(--good); }
[data-state=done] .state::before { content: "✓"; }
[data-state=failed] .state { color: var(--bad); }
[data-state=failed] .state::before { content: "!"; font-weight: 700; }
[data-state=failed] .thumb { border-color: var(--bad); }
.dragged { z-index: 1; opacity: .85; cursor: grabbing; pointer-events: none; }
[data-drop]::after { content: ""; position: absolute; top: 0; bottom: 56px; width: 3px; border-radius: 2px; background: var(--accent); }
[data-drop=before]::after { left: -8px; }
[data-drop=after]::after { right: -8px; }
.tools { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 4px; }
.tools button { min-height: 30px; padding: 3px 10px; font-size: 13px; border-color: var(--line); }
.hint { margin-top: 8px; font-size: 12px; line-height: 18px; color: var(--muted); }
.empty { display: grid; place-content: center; justify-items: center; gap: 2px; min-height: 184px; text-align: center;
  border: 1px dashed var(--control); border-radius: var(--radius); color: var(--muted); }
.empty strong { color: var(--text); font-weight: 600; }

.steps { display: grid; grid-template-columns: repeat(5, 1fr); gap: 6px; font-size: 12px; line-height: 18px; color: var(--muted); }
.steps li { border-top: 3px solid var(--line); padding-top: 4px; min-width: 0; overflow-wrap: anywhere; }
.steps [data-state=done] { border-color: var(--good); color: var(--text); }
.steps [data-state=now] { border-color: var(--accent); color: var(--text); font-weight: 600; animation: breathe 1.4s ease-in-out infinite alternate; }
.steps [data-state=bad] { border-color: var(--bad); color: var(--bad); font-weight: 600; }
.steps [data-state=warn] { border-color: var(--warn); color: var(--warn); font-weight: 600; }
@keyframes breathe { to { border-color: color-mix(in srgb, var(--accent) 35%, var(--line)); } }
.status { flex: 1 1 240px; min-height: 42px; display: grid; align-content: center; font-size: 14px; line-height: 21px; overflow-wrap: anywhere; }
.status[data-kind=good] { color: var(--good); }
.status[data-kind=warn] { color: var(--warn); }
.status[data-kind=bad] { color: var(--bad); }
.status small { color: var(--muted); font-size: 12px; line-height: 18px; user-select: all; }
.status ul { max-height: 84px; overflow: auto; }
.actions { display: flex; gap: 8px; margin-inline-start: auto; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

@media (max-width: 480px) {
  dialog { width: 100vw; height: 100dvh; border: 0; border-radius: 0; margin: 0; }
  header, footer { padding: 12px 16px; }
  .body { padding: 12px 16px; }
  .grid { grid-template-columns: repeat(auto-fill, minmax(92px, 1fr)); gap: 10px; }
  .actions { flex: 1; }
  .actions button { flex: 1; min-height: 44px; }
}
@media (prefers-reduced-motion: reduce) {
  *, ::before, ::after { animation: none !important; transition: none !important; }
}
`);
