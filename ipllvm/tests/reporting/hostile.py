"""Text that a model, a file name or a benchmark could bring along."""

HOSTILE = (
    "<script>alert(1)</script>",
    "a | b || c \\| d",
    "`code` ```fence``` <!-- -->",
    "line\n\n# heading\r\n- item\n| x | y |",
    "\u202egnp.exe\u2066\u200f\u200b",
    "\x1b[31mred\x1b[0m\x07\x00",
    "![x](https://evil.example/a.png) [y](javascript:alert(1))",
    "www.evil.example http://evil.example mailto:a@evil.example",
    "@octocat fixes #123 __bold__ *em* ~~del~~ $x$ :smile:",
    "&lt;b&gt; &#60;i&#62; \"quoted' </details></summary>",
    "\ud800 lone, \u2028separator\u2029",
    "- x",
    "=====",
)
