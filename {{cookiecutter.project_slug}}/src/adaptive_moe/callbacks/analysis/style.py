"""How the page looks: in light and dark, on a phone and on a desk."""

STYLE = """:root {
  color-scheme: light dark; --mark: 245 158 11; --line: 180 83 9; --quiet: 100 116 139; --paper: #fff; --ink: #1e293b;
}
@media (prefers-color-scheme: dark) {
  :root { --line: 251 191 36; --quiet: 148 163 184; --paper: #0f172a; --ink: #e2e8f0; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1, h2, h3, h4 { line-height: 1.2; margin: 1.5em 0 .5em; }
h4 { margin-top: 1em; font-size: 1em; }
p { margin: .5em 0; }
.note, .legend, details p { color: rgb(var(--quiet)); max-width: 50em; }
input { position: absolute; opacity: 0; }
label { display: inline-block; margin: 0 .25em .4em 0; padding: .2em .7em; border: 1px solid rgb(var(--quiet));
  border-radius: 1em; cursor: pointer; }
input:checked + label { background: var(--ink); color: var(--paper); border-color: var(--ink); }
input:focus-visible + label { outline: 3px solid rgb(var(--mark)); }
.text { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.9; font-family: ui-monospace, monospace;
  font-size: .9em; padding: .75em; border: 1px solid rgb(var(--quiet) / .4); border-radius: .5em; }
b { font-weight: inherit; color: var(--ink); padding-bottom: 1px; border-bottom: 2px none rgb(var(--line)); }
i { font-style: normal; color: rgb(var(--quiet)); }
.all > b, .every:checked ~ .text > b {
  background: rgb(var(--mark) / calc(var(--s) * .55)); border-bottom: calc(var(--s) * 4px) solid rgb(var(--line));
}
.two, .three { background: rgb(var(--mark) / .35); border-bottom-style: solid; }
.three { border-bottom: 5px double rgb(var(--line)); }
.one, input:not(.every):checked ~ .all { display: none; }
input:not(.every):checked ~ .one { display: block; }
.margins { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1rem; }
figure { margin: 0; }
figcaption, .ends { font-size: .85em; }
.ends { display: flex; justify-content: space-between; border-top: 1px solid rgb(var(--quiet)); }
svg { display: block; width: 100%; height: 5rem; fill: rgb(var(--quiet) / .7); }
.line { fill: none; stroke: rgb(var(--line)); stroke-width: 2px; vector-effect: non-scaling-stroke; }
details { margin: 1em 0; }
summary { font-weight: 600; cursor: pointer; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9em; font-variant-numeric: tabular-nums; }
th, td { padding: .2em .7em; text-align: right; white-space: nowrap; border-bottom: 1px solid rgb(var(--quiet) / .3); }
.words { text-align: left; }
td { background: rgb(var(--mark) / calc(var(--s, 0) * .5)); }
"""


def style_of_layer(layer: int) -> str:
    """The marks of one layer, when it is chosen."""
    chosen = f".v{layer}:checked ~ .text >"
    return (
        f"{chosen} .m{layer}, {chosen} .n{layer} "
        "{ background: rgb(var(--mark) / .35); border-bottom-style: solid; }\n"
        f"{chosen} .n{layer} "
        "{ border-bottom: 5px double rgb(var(--line)); }\n"
    )
