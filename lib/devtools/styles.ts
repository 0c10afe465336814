/** Each colour is named after what it shows. The canvas reads them from the probes, as the page has computed them. */
const CSS = `
:host {
  --bg: light-dark(#ffffff, #15171e);
  --raised: light-dark(#f5f6fa, #1d2029);
  --fg: light-dark(#1a1e2a, #e8eaf1);
  --muted: light-dark(#596075, #9ea6ba);
  --line: light-dark(#e2e5ee, #2b2f3b);
  --waiting: light-dark(#9a6b12, #e0ac4e);
  --wire: light-dark(#2f6bdb, #6ea2ff);
  --refused: light-dark(#bd4a0a, #ff9a5e);
  --replay: light-dark(#0a7f88, #43ccd0);
  --done: light-dark(#1b7f47, #56cf8a);
  --failed: light-dark(#c5203f, #ff7088);
  --refresh: light-dark(#7446d6, #b596ff);
  --token: light-dark(#1b7f47, #56cf8a);
  display: block;
  position: relative;
  height: 100%;
  min-height: 28rem;
  min-width: 0;
}
:host([data-plain]) .panel { color-scheme: light dark; }
* { box-sizing: border-box; margin: 0; }
[hidden] { display: none !important; }
.panel {
  display: flex;
  flex-direction: column;
  height: 100%;
  min-height: inherit;
  container-type: inline-size;
  background: var(--bg);
  color: var(--fg);
  border: 1px solid var(--line);
  border-radius: 10px;
  overflow: hidden;
  font: 13px/1.4 ui-sans-serif, system-ui, sans-serif;
  font-variant-numeric: tabular-nums;
}
.top { display: flex; align-items: center; gap: 8px; padding: 10px 12px; flex-wrap: wrap; }
.state { flex: 1 1 13rem; min-width: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.state b { font-weight: 600; }
.state b::before {
  content: ""; display: inline-block; width: 9px; height: 9px; margin-right: 7px; border-radius: 50%;
  background: var(--muted);
}
.state[data-status="active"] b::before { background: var(--done); }
.state[data-status="refreshing"] b::before { background: var(--refresh); }
.state[data-status="failed"] b::before { background: var(--failed); }
.state span { color: var(--muted); }
.buttons { display: flex; gap: 4px; }
button {
  font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--line); border-radius: 6px;
  min-width: 30px; min-height: 28px; padding: 2px 9px; cursor: pointer;
}
button:hover { border-color: var(--muted); }
button[aria-pressed="true"] { background: var(--fg); color: var(--bg); border-color: var(--fg); }
.pause { min-width: 5.2rem; }
:focus-visible { outline: 2px solid var(--wire); outline-offset: -2px; }
.counts {
  display: grid; grid-template-columns: repeat(7, 1fr); gap: 1px; background: var(--line);
  border-block: 1px solid var(--line);
}
.counts div { background: var(--bg); padding: 6px 12px; min-width: 0; }
dt { color: var(--muted); font-size: 11px; white-space: nowrap; }
dd { font-size: 17px; font-weight: 600; line-height: 1.25; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 14px; padding: 7px 12px; list-style: none; font-size: 11px; color: var(--muted); }
.legend i { display: inline-block; width: 14px; height: 8px; margin-right: 5px; border-radius: 2px; background: currentColor; }
.waiting { color: var(--waiting); } .wire { color: var(--wire); } .refused { color: var(--refused); }
.replay { color: var(--replay); } .done { color: var(--done); } .failed { color: var(--failed); }
.refresh { color: var(--refresh); } .token { color: var(--token); }
.legend i.waiting { height: 0; border-top: 2px dashed; background: none; vertical-align: middle; }
.legend i.refused { width: 8px; transform: rotate(45deg); border-radius: 0; margin-inline: 2px 8px; }
.legend i.done { width: 8px; border-radius: 50%; }
.legend i.failed { width: 8px; clip-path: polygon(20% 0,50% 30%,80% 0,100% 20%,70% 50%,100% 80%,80% 100%,50% 70%,20% 100%,0 80%,30% 50%,0 20%); }
.legend i.token { opacity: .45; }
.line { color: var(--line); } .muted { color: var(--muted); } .fg { color: var(--fg); } .bg { color: var(--bg); }
.probes { display: none; }
.sentinel { position: absolute; visibility: hidden; color: var(--fg); transition: color 1ms; }
.stage { position: relative; flex: 1 1 12rem; min-height: 12rem; border-top: 1px solid var(--line); }
canvas { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.scroll { position: absolute; inset: 0; overflow: hidden scroll; scrollbar-width: thin; touch-action: pan-y; }
.scroll.table { overflow: auto; background: var(--bg); }
table { border-collapse: collapse; width: 100%; font-size: 12px; }
caption { text-align: left; padding: 8px 12px; color: var(--muted); }
th, td { text-align: left; padding: 4px 12px; border-top: 1px solid var(--line); white-space: nowrap; font-weight: 400; }
thead th { color: var(--muted); font-size: 11px; }
.details {
  flex: none; height: 3.9rem; padding: 7px 12px; border-top: 1px solid var(--line); background: var(--raised);
  overflow: auto; font-size: 12px; overflow-wrap: anywhere;
}
@container (max-width: 560px) {
  .counts { grid-template-columns: repeat(4, 1fr); }
  .counts div { padding: 4px 12px; }
  .counts div:first-child { grid-row: span 2; }
  .state { flex-basis: 100%; }
}
`;

/** A sheet that a strict Content-Security-Policy does not refuse: it is made, and not written into the page. */
export function styleSheet(): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  return sheet;
}
