/** How a report looks: on a screen, on a projector, on paper, by day and by night. */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --paper: #faf9f6; --card: #ffffff; --ink: #1b1e23; --faint: #565e69; --line: #dcd9d1; --track: #b9b5ab;
  --sent: #0a58a8; --received: #0b6b4c; --good: #0b6b4c; --warning: #875000; --bad: #b3231c;
  --hold: #f6d9a6; --code: #f2f0ea;
  --sans: system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --card: #1a1e24; --ink: #e9e7e2; --faint: #a5adb8; --line: #353b44; --track: #59616d;
    --sent: #86bdf8; --received: #72d2ab; --good: #72d2ab; --warning: #f0b95f; --bad: #ff9188;
    --hold: #5b4520; --code: #22272e;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { font-size: 18px; -webkit-text-size-adjust: 100%; }
@media (min-width: 1800px) { html { font-size: 20px; } }
body { margin: 0; padding: clamp(1rem, 2.2vw, 2.5rem); background: var(--paper); color: var(--ink);
  font: 1rem/1.5 var(--sans); overflow-wrap: break-word; }
body > * { max-width: 96rem; margin-inline: auto; }
h1, h2, h3, h4, p, ul, ol, dl, figure, pre, table { margin: 0; padding: 0; font-size: inherit; }
ul, ol { list-style: none; }
h1, h2 { line-height: 1.2; text-wrap: balance; letter-spacing: -0.01em; }
code, pre, .name, .where { font-family: var(--mono); font-size: 0.9em; font-variant-ligatures: none; }
code { unicode-bidi: isolate; overflow-wrap: anywhere; }
a { color: inherit; text-decoration-color: var(--track); text-underline-offset: 0.2em; }
a:hover, a:focus-visible { text-decoration-color: currentColor; }
.sent { color: var(--sent); } .received { color: var(--received); } .good { color: var(--good); }
.warning { color: var(--warning); } .bad { color: var(--bad); } .faint { color: var(--faint); }
.ditto { visibility: hidden; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

header.page { padding-bottom: 1.2rem; }
.product { font-family: var(--mono); font-size: 0.9rem; color: var(--faint); }
.product b { color: var(--ink); }
h1 { font-size: 2rem; font-weight: 650; margin: 0.3rem 0 0.7rem; }
.verdicts { font-size: 1.15rem; display: flex; flex-wrap: wrap; gap: 0.2rem 1.6rem; }
.verdicts .verdict > span { font-weight: 700; }
.about { color: var(--faint); font-size: 0.9rem; margin-top: 0.3rem; }
nav { margin-top: 1.6rem; border-top: 1px solid var(--line); }
nav li { display: flex; gap: 1.5rem; justify-content: space-between; padding: 0.35rem 0;
  border-bottom: 1px solid var(--line); }
nav .name { font-weight: 700; display: inline-block; min-width: 11.5em; }
nav a { text-decoration: none; }
.tally { white-space: nowrap; color: var(--faint); font-variant-numeric: tabular-nums; }

.experiment { border-top: 2px solid var(--ink); padding: 1rem 0 3rem; }
h2 { font-size: 1.5rem; font-weight: 600; }
h2 .name { font-size: 0.85em; font-weight: 700; margin-right: 0.5em; }
.explanation { max-width: 62rem; margin: 0 0 1.3rem; }
h2:not(.unseen) + .explanation { margin-top: 0.7rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 1.25rem; }
.column { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.2rem 1.3rem;
  display: grid; gap: 1.2rem; align-content: start; align-items: start; min-width: 0; }
@supports (grid-template-rows: subgrid) {
  .column { grid-template-rows: subgrid; }
  .rows-1 .column { grid-row: span 5; } .rows-2 .column { grid-row: span 6; } .rows-3 .column { grid-row: span 7; }
  .rows-4 .column { grid-row: span 8; } .rows-5 .column { grid-row: span 9; } .rows-6 .column { grid-row: span 10; }
}
article.absent { align-self: start; grid-template-rows: auto; }
.alone .column:not(.absent) { grid-column: 1 / -1; grid-template-rows: none;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); column-gap: 2.5rem; }
.alone .column:not(.absent) > h3 { grid-column: 1 / -1; }
.alone .absent { order: 1; }
.column > div:empty { display: block; }
h3 { font-size: 1.15rem; font-weight: 650; }
h4 { font-size: 0.85rem; font-weight: 650; color: var(--faint); margin-bottom: 0.45rem; }
figcaption { font-size: 0.9rem; color: var(--faint); margin-bottom: 0.8rem; }
figcaption strong { color: var(--ink); font-weight: 650; margin-right: 0.35em; }
p.absent { color: var(--faint); max-width: 34rem; }

.diagram { display: block; max-width: 100%; height: auto; margin-inline: auto; overflow: visible; }
.diagram text { font: 17px var(--mono); fill: var(--ink); white-space: pre; unicode-bidi: isolate;
  font-variant-ligatures: none; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
.diagram tspan { unicode-bidi: isolate; }
.diagram .omission { fill: var(--faint); }
.diagram .name { font-weight: 700; stroke: none; }
.actor { fill: var(--code); stroke: var(--line); }
.lifeline { stroke: var(--track); stroke-width: 1.5; fill: none; }
.hold { fill: var(--hold); stroke: var(--warning); stroke-width: 1; stroke-dasharray: 3 3; }
.mark .size { fill: var(--faint); }
.mark.sent > :not(text), .arrow.sent .head { fill: var(--sent); }
.mark.received > :not(text), .arrow.received .head { fill: var(--received); }
.mark.plain > :not(text) { fill: var(--ink); }
.mark.good > :not(text), .mark.good .said { fill: var(--good); }
.mark.warning > :not(text), .mark.warning .said { fill: var(--warning); }
.mark.bad > :not(text), .mark.bad .said { fill: var(--bad); }
.shaft { fill: none; stroke-width: 2; }
.arrow.sent .shaft { stroke: var(--sent); } .arrow.received .shaft { stroke: var(--received); }
.ribbon { fill-opacity: 0.14; }
.arrow.sent .ribbon { fill: var(--sent); } .arrow.received .ribbon { fill: var(--received); }
.loss .shaft { stroke: var(--bad); stroke-dasharray: 5 4; } .loss text { fill: var(--bad); }
.cross { stroke: var(--bad); stroke-width: 3; stroke-linecap: round; fill: none; }
.bracket path { fill: none; stroke: var(--faint); stroke-width: 1.5; } .bracket text { fill: var(--faint); }

table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: 0.25rem 0 0.25rem 0.5rem; text-align: right; font-weight: 400; border-bottom: 1px solid var(--line); }
th:first-child { text-align: left; padding-left: 0; white-space: nowrap; }
thead th { color: var(--faint); }
.counts { overflow-x: auto; }
.claim { display: grid; grid-template-columns: 1.4em 1fr; }
.claim + .claim { margin-top: 0.7rem; }
.claim > .mark { font-weight: 700; }
.claim > p { grid-column: 2; }
.claim .proof { font-size: 0.9rem; color: var(--faint); overflow-wrap: anywhere; }
.by-hand li { display: grid; grid-template-columns: 6.2em 1fr; align-items: baseline; padding: 0.08rem 0; }
.where { color: var(--faint); font-size: 0.8em; }

summary { cursor: pointer; } summary h3 { display: inline; }
.upgrade { margin-top: 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1.1rem 1.2rem 1.3rem; }
.heads { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1.2rem 2.5rem;
  margin-top: 0.8rem; }
.head figcaption { margin-bottom: 0.4rem; }
.head, .heads > * { min-width: 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.55; unicode-bidi: isolate; }
.meaning { color: var(--faint); font-family: var(--sans); font-size: 0.95em; }
dl.proof { margin-top: 1.2rem; border-top: 1px solid var(--line); padding-top: 0.9rem; }
dl.proof > div { display: grid; grid-template-columns: 7em 1fr; align-items: baseline; }
dt { color: var(--faint); } dd { margin: 0; min-width: 0; }
.repeat { margin-top: 1.25rem; color: var(--faint); }
.repeat code { color: var(--ink); background: var(--code); border-radius: 5px; padding: 0.25em 0.6em; margin-left: 0.5em;
  user-select: all; }
footer { border-top: 1px solid var(--line); padding-top: 1rem; color: var(--faint); font-size: 0.9rem; }
footer p { max-width: 62rem; } footer p + p { margin-top: 0.5rem; }

@media (max-width: 620px) {
  .column, .upgrade { padding: 0.9rem; }
  nav li { flex-direction: column; gap: 0; }
  .by-hand li, dl.proof > div { grid-template-columns: 1fr; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --card: #fff; --ink: #000; --faint: #444; --line: #bbb; --track: #888; --code: #f3f3f3;
    --sent: #0a4a8c; --received: #08563d; --good: #08563d; --warning: #6e4100; --bad: #9c1c16; --hold: #f3dfba;
  }
  @page { margin: 12mm; size: A4 landscape; }
  html { font-size: 10.5px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { padding: 0; }
  .columns { grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 0.8rem; }
  .column, .upgrade { border-radius: 0; padding: 0.8rem; }
  .experiment { padding-bottom: 1.5rem; }
  .experiment + .experiment { break-before: page; }
  h2, h3, h4, figcaption, .explanation { break-after: avoid; }
  figure, table, .claim, .by-hand, .upgrade, .diagram { break-inside: avoid; }
  a { text-decoration: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`
