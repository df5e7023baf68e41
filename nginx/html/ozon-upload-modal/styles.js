/**
 * Undefined without a DOM. Browsers that lack light-dark(), before Chromium 123, Firefox 120 and Safari 17.5, show
 * light colors.
 */
export const styles = globalThis.CSSStyleSheet && new CSSStyleSheet();
styles?.replaceSync(`
:host {
  color-scheme: light;
  --accent: #0b57e3;
  --surface: #fff;
  --text: #1a1f29;
  --muted: #5a5e66;
  --border: #878a90;
  --line: #dadbdd;
  --sunken: #f1f2f2;
  --good: #17713a;
  --warn: #8a5300;
  --bad: #b3261e;
  --radius: 8px;
  --font: 14px/1.5 system-ui, sans-serif;
}
@supports (color: light-dark(#000, #fff)) {
  :host {
    color-scheme: light dark;
    --accent: light-dark(#0b57e3, #8ab4ff);
    --surface: light-dark(#fff, #1a1d23);
    --text: light-dark(#1a1f29, #eceef2);
    --muted: color-mix(in srgb, var(--text) 72%, var(--surface));
    --border: color-mix(in srgb, var(--text) 52%, var(--surface));
    --line: color-mix(in srgb, var(--text) 16%, var(--surface));
    --sunken: color-mix(in srgb, var(--text) 6%, var(--surface));
    --good: light-dark(#17713a, #7bd59a);
    --warn: light-dark(#8a5300, #f2c374);
    --bad: light-dark(#b3261e, #ff9d94);
  }
}
* { box-sizing: border-box; margin: 0; padding: 0; }
[hidden] { display: none !important; }
dialog {
  width: min(720px, 100vw - 32px);
  max-width: none;
  max-height: min(800px, 100dvh - 32px);
  margin: auto;
  border: 1px solid var(--line);
  border-radius: calc(var(--radius) * 2);
  overflow: hidden;
  background: var(--surface);
  color: var(--text);
  font: var(--font);
}
dialog[open] { display: grid; grid-template-rows: auto 1fr auto; }
::backdrop { background: #0a0e16a0; }
[part=header], [part=footer], [part=tools] { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
[part=header], [part=footer], .body { padding: 12px 20px; }
[part=header] { border-bottom: 1px solid var(--line); }
h2 { flex: 1; font-size: 17px; font-weight: 600; }
.body { overflow: auto; overscroll-behavior: contain; }
[part=footer] { border-top: 1px solid var(--line); }
small, label, .hint, [part=item], ol { color: var(--muted); font-size: 12px; line-height: 18px; }
small, label { display: block; }
p, small { overflow-wrap: anywhere; }

button, input {
  min-height: 36px;
  padding: 0 14px;
  border: 1px solid var(--border);
  border-radius: var(--radius);
  background: var(--surface);
  color: inherit;
  font: inherit;
}
button { cursor: pointer; }
button:not([part=primary]):hover { background: var(--sunken); }
[part=primary] {
  min-width: 112px;
  border-color: var(--accent);
  background: var(--accent);
  color: var(--surface);
  font-weight: 600;
}
button[aria-disabled=true] {
  cursor: default;
  border-color: var(--line);
  background: var(--sunken);
  color: var(--muted);
}
[part=header] button { border: 0; font-size: 20px; color: var(--muted); }
input { width: 100%; margin: 4px 0; }
[aria-invalid=true], [aria-invalid=true] + small { border-color: var(--bad); color: var(--bad); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

[part=sku] { display: grid; grid-template-columns: 1fr 1fr; gap: 20px; margin-bottom: 12px; }
[part=grid] { display: grid; grid-template-columns: repeat(auto-fill, minmax(92px, 1fr)); gap: 12px; list-style: none; }
[part=item] {
  min-width: 0;
  position: relative;
  border-radius: var(--radius);
  cursor: grab;
  user-select: none;
  touch-action: pan-y;
}
[part=item][aria-selected=true] { touch-action: none; }
.thumb {
  position: relative;
  aspect-ratio: 1;
  overflow: hidden;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--sunken);
}
img { width: 100%; height: 100%; object-fit: contain; }
[aria-selected=true] .thumb { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
.badge {
  position: absolute;
  left: 5px;
  top: 5px;
  min-width: 20px;
  padding: 0 6px;
  border-radius: 9px;
  text-align: center;
  background: var(--surface);
  color: var(--text);
}
:first-child > * > .badge { background: var(--accent); color: var(--surface); }
i {
  display: block;
  height: 3px;
  margin: 3px 0;
  border-radius: 2px;
  background: var(--accent);
  transform-origin: left;
  transition: scale .2s;
}
.name { overflow: hidden; white-space: nowrap; text-overflow: ellipsis; color: var(--text); }
.state { height: 36px; overflow: hidden; }
[data-state=done] .state, .good { color: var(--good); }
[data-state=failed] .state, .bad { color: var(--bad); }
:is([data-state=over], [data-state=warned]) .state, .warn { color: var(--warn); }
[data-state=done] .state::before, li.good::before { content: "✓ "; }
:is([data-state=failed], [data-state=over], [data-state=warned]) .state::before,
li.bad::before, li.warn::before { content: "! "; }
.dragged { z-index: 1; opacity: .8; pointer-events: none; }
[data-drop] { box-shadow: -6px 0 0 -3px var(--accent); }
[data-drop=after] { box-shadow: 6px 0 0 -3px var(--accent); }
[part=tools] { position: sticky; bottom: -12px; z-index: 2; padding: 12px 0 8px; background: var(--surface); }
[part=tools] button { min-height: 30px; padding: 0 10px; }
a { color: var(--accent); }
.empty {
  padding: 72px 0;
  border: 1px dashed var(--border);
  border-radius: var(--radius);
  text-align: center;
  color: var(--muted);
}

ol { flex: 1 0 100%; display: grid; grid-template-columns: repeat(5, 1fr); gap: 6px; list-style: none; }
ol li { border-top: 3px solid var(--line); padding-top: 4px; }
ol li[class] { border-color: currentcolor; }
.running { color: var(--accent); animation: pulse 1s infinite alternate; }
p.running { color: inherit; animation: none; }
@keyframes pulse { to { border-color: var(--line); } }
.summary { flex: 1 0 300px; min-height: 62px; }
.buttons { min-width: 200px; display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 8px; margin-left: auto; }
[part=progress] { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; margin-top: 4px; }
[part=progress] span { color: var(--muted); font-size: 12px; font-variant-numeric: tabular-nums; }
progress {
  flex: 1 0 120px;
  height: 6px;
  border: 0;
  border-radius: 3px;
  overflow: hidden;
  appearance: none;
  background: var(--line);
}
::-webkit-progress-bar { background: var(--line); }
::-webkit-progress-value { background: var(--accent); }
::-moz-progress-bar { background: var(--accent); }
[part=status] { max-height: 120px; overflow: auto; }
.announcer { position: absolute; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 480px) {
  dialog { width: 100vw; height: 100dvh; max-height: none; border: 0; border-radius: 0; }
  [part=header], [part=footer], .body { padding: 12px 16px; }
  .buttons { flex: 1 0 100%; }
  .buttons > button { flex: 1; min-height: 44px; }
  button:not([hidden]) + button:not([hidden]) + [part=primary] { flex: 1 0 100%; }
}
@media (prefers-reduced-motion) {
  * { animation: none !important; transition: none !important; }
}
`);
