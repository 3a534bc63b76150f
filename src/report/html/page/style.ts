/** The style of the page: screens from 360 px, dark and light, and paper. */

export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --tint: #f3f5f7; --link: #0550ae;
  --note: #0b5cad; --note-tint: #eaf3fc; --problem: #9a3412; --problem-tint: #fdf0e7; --focus: #0550ae;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181d; --ink: #e6e9ec; --soft: #a9b3bd; --line: #39424c; --tint: #1e242b; --link: #8ec2ff;
    --note: #8ec2ff; --note-tint: #172534; --problem: #ffb283; --problem-tint: #33210f; --focus: #ffd166;
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 84rem; padding: 0 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; overflow-wrap: anywhere;
}
a { color: var(--link); }
h1, h2, h3, h4 { line-height: 1.25; text-wrap: balance; }
h1 { margin: 1.5rem 0 .75rem; font-size: 1.9rem; }
h2 { margin: 2.75rem 0 1rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); font-size: 1.4rem; }
h3 { margin: 1.75rem 0 .5rem; font-size: 1.1rem; }
h4 { margin: 1.25rem 0 .5rem; font-size: 1rem; }
p { margin: .5rem 0; max-width: 48rem; }
code, pre { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.verdict { max-width: 56rem; font-size: 1.15rem; }
.keep { white-space: nowrap; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: .5rem; top: -4rem; z-index: 3; padding: .5rem .75rem; background: var(--paper); }
.skip:focus { top: .5rem; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
main:focus, h2:focus { outline: none; }
.contents h2 { margin: 1rem 0 .25rem; padding: 0; border: 0; font-size: 1rem; }
.contents ol { margin: 0; padding: 0; list-style: none; columns: 10rem; }
.contents a { display: inline-block; padding: .25rem 0; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .9rem; }
dl { margin: .75rem 0; }
dl > div { display: grid; grid-template-columns: minmax(7rem, 13rem) minmax(0, 1fr); gap: 0 1rem; padding: .15rem 0; }
dt { color: var(--soft); }
dd { margin: 0; }
.note, .problem { padding: .6rem .9rem; border-left: 4px solid var(--note); background: var(--note-tint); }
.problem { border-color: var(--problem); background: var(--problem-tint); }
.note b { color: var(--note); }
.problem b { color: var(--problem); }
ul.note, ul.problem { list-style: none; max-width: 48rem; }
ul.note li + li, ul.problem li + li { margin-top: .4rem; }
.notes { margin: .5rem 0 1.25rem; padding-left: 1.1rem; max-width: 48rem; color: var(--soft); font-size: .875rem; }
.table { margin: 1.25rem 0; }
/* Contains visually hidden text, which would otherwise make the page scroll. */
.scroll { position: relative; max-width: 100%; overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
caption { padding: 0 0 .4rem; text-align: left; font-weight: 600; }
.table caption > span { position: sticky; left: 0; display: inline-block; max-width: min(48rem, calc(100vw - 2rem)); }
caption.hidden { display: table-caption; }
th, td { padding: .3rem .7rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
td.right, th.right { text-align: right; }
td.right { white-space: nowrap; }
td.long { min-width: 12rem; overflow-wrap: anywhere; }
.table th[scope=row] { min-width: min(6rem, 25vw); }
.dense table { font-size: .8rem; }
.dense th, .dense td { padding: .3rem .28rem; }
.dense .group span { left: .28rem; }
.dense td small { font-size: .65rem; letter-spacing: -.01em; }
thead th, thead td { vertical-align: bottom; border-bottom: 2px solid var(--soft); font-weight: 600; background: var(--paper); }
tbody th { font-weight: 400; }
.table th[scope=row], .table thead th:first-child { position: sticky; left: 0; background: var(--paper); max-width: 16rem; }
.group th { padding-top: .9rem; font-weight: 600; color: var(--soft); }
.group span { position: sticky; left: .7rem; }
td small, th small { display: block; color: var(--soft); font-size: .75rem; white-space: nowrap; }
td.long small { white-space: normal; }
.best { font-weight: 700; }
.second { text-decoration: underline; text-underline-offset: .2em; }
main > section > figure, main > figure, details > div > figure { margin: 1.5rem 0 2rem; }
.drawing { padding: .5rem; border: 1px solid var(--line); border-radius: 6px; background: #ffffff; }
.drawing svg { display: block; margin: 0 auto; height: auto; }
.drawing svg.wide { max-width: 100%; min-width: 36rem; }
figcaption p { margin: .6rem 0 0; }
.code { padding: .1rem .9rem; border: 1px solid var(--line); border-radius: 6px; background: var(--tint); }
pre { margin: .6rem 0; }
details { margin: .75rem 0; }
summary { width: fit-content; padding: .2rem 0; cursor: pointer; color: var(--link); }
details > div { padding-left: .9rem; border-left: 2px solid var(--line); }
.sample { margin: 1.25rem 0; padding: .25rem 1rem 1rem; border: 1px solid var(--line); border-radius: 6px; }
.sample h3, .sample h4 { margin: .75rem 0 0; }
.sample .id { margin: 0 0 .5rem; color: var(--soft); }
.rows { display: grid; gap: 1rem 2rem; }
.models { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); gap: 1.25rem 2rem; align-items: start; }
.model { display: grid; grid-template-columns: minmax(0, 1fr); gap: .35rem; min-width: 0; }
.model .name { margin: 0; font-weight: 600; }
.pictures, .guesses { display: flex; flex-wrap: wrap; gap: .5rem 1rem; }
.picture { margin: 0; }
.picture img { display: block; background: #808080; image-rendering: pixelated; }
.picture figcaption { color: var(--soft); font-size: .8rem; }
.guess { font-size: .8rem; overflow-wrap: anywhere; }
.guess caption { padding: 0; color: var(--soft); font-weight: 400; }
.guess th, .guess td { padding: .1rem .5rem .1rem 0; border: 0; }
@media (min-width: 64rem) {
  body { padding: 0 2rem 4rem; }
  .columns { display: grid; grid-template-columns: 13rem minmax(0, 1fr); gap: 0 2.5rem; align-items: start; }
  .contents { position: sticky; top: 0; max-height: 100vh; overflow-y: auto; padding: 1.75rem .25rem 1rem; }
  .contents ol { columns: auto; }
  .contents li { border-left: 2px solid var(--line); padding-left: .75rem; }
}
@media (min-width: 48rem) {
  .rows { grid-template-columns: auto minmax(0, 1fr); }
  .rows > .clean { padding-top: 1.9rem; }
}
@media (max-width: 40rem) {
  h1 { font-size: 1.5rem; }
  dl > div { display: block; padding: .3rem 0; }
  th, td { padding: .3rem .45rem; }
  .table th[scope=row], .table thead th:first-child { max-width: 9rem; }
}
@media print {
  :root {
    color-scheme: light; --paper: #ffffff; --ink: #000000; --soft: #333333; --line: #999999; --tint: #ffffff; --link: #000000;
    --note: #000000; --note-tint: #ffffff; --problem: #000000; --problem-tint: #ffffff;
  }
  @page { margin: 15mm; }
  html { font-size: 9.5pt; }
  body { max-width: none; padding: 0; }
  .contents, .skip { display: none; }
  .scroll { overflow: visible; }
  .table th[scope=row], .table thead th:first-child, .group span, .table caption > span { position: static; max-width: none; }
  table { font-size: 8pt; }
  th, td { padding: 1.5pt 4pt; }
  th:not(.right), td:not(.right) { overflow-wrap: anywhere; }
  td small, th small { font-size: 6.5pt; white-space: normal; }
  thead { display: table-header-group; }
  tr, figure, .sample, dl > div { break-inside: avoid; }
  h2, h3, h4, caption, .group { break-after: avoid; }
  .drawing { border: 0; padding: 0; }
  .drawing svg, .drawing svg.wide { min-width: 0; max-width: 100%; }
  .rows { grid-template-columns: auto minmax(0, 1fr); }
  .models { grid-template-columns: 1fr 1fr; gap: 1rem; }
  pre { white-space: pre-wrap; }
  /* Print details of sections open; numbers of figures repeat the figures and stay closed. */
  section > details:not([open])::details-content { content-visibility: visible; display: block; height: auto; }
}
`
