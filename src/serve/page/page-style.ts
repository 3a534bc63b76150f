/** The style of the page: screens from 320 px, dark and light. */

export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --soft: #57606a; --line: #8c959f; --tint: #f3f5f7; --link: #0550ae;
  --bar: #9cc4f2; --problem: #9a3412; --problem-tint: #fdf0e7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181d; --ink: #e6e9ec; --soft: #a9b3bd; --line: #6b7682; --tint: #1e242b; --link: #8ec2ff;
    --bar: #2c5a8c; --problem: #ffb283; --problem-tint: #33210f;
  }
}
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0 auto; max-width: 60rem; padding: 0 1rem 2rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; overflow-wrap: anywhere;
}
h1 { margin: 1.5rem 0 .25rem; font-size: 1.6rem; }
h2 { margin: 2rem 0 .75rem; font-size: 1.2rem; }
p { margin: .5rem 0; }
a { color: var(--link); }
code { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.soft, footer { color: var(--soft); font-size: .9rem; }
.drop {
  display: grid; gap: .35rem; justify-items: center; padding: 2.25rem 1rem; margin: 1rem 0; text-align: center; cursor: pointer;
  border: 2px dashed var(--line); border-radius: .75rem; background: var(--tint);
}
.drop.over, .drop:focus-within { border-color: var(--link); border-style: solid; }
.big { font-size: 1.15rem; font-weight: 600; }
input[type=file] { max-width: 100%; margin-top: .5rem; font: inherit; font-size: .9rem; }
summary { cursor: pointer; padding: .25rem 0; }
details label { display: block; margin: .25rem 0; color: var(--soft); font-size: .9rem; }
textarea, input[type=password] {
  width: 100%; padding: .5rem; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .35rem;
}
button { margin-top: .5rem; padding: .4rem .9rem; font: inherit; border: 1px solid var(--line); border-radius: .35rem; color: inherit; background: var(--tint); cursor: pointer; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
#problem { padding: .6rem .9rem; border-left: 4px solid var(--problem); background: var(--problem-tint); white-space: pre-line; }
#results { margin: 0; padding: 0; list-style: none; display: grid; gap: 1.25rem; }
#results > li { display: grid; grid-template-columns: 9rem minmax(0, 1fr); gap: 1rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
@media (max-width: 30rem) { #results > li { grid-template-columns: minmax(0, 1fr); } }
#results img { width: 9rem; height: 9rem; object-fit: contain; border-radius: .5rem; background: var(--tint); }
#results h3 { margin: 0 0 .5rem; font-size: 1rem; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 400; }
td { width: 5.5rem; text-align: right; }
th, td { padding: .2rem .4rem; }
th { background: linear-gradient(var(--bar), var(--bar)) no-repeat; background-size: 0 100%; border-radius: .25rem; border-block: 2px solid transparent; background-clip: padding-box; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.flag { font-weight: 600; color: var(--problem); }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); }
`
