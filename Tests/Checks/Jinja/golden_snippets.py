# SPDX-License-Identifier: MIT
"""Small templates for single rules of the language, all of one context."""

SNIPPET_CONTEXT = {
    "i": 7, "n": -3, "big": 9007199254740993, "f": 2.5, "tiny": 1.5e-7, "huge": 1e22, "t": True, "no": False,
    "nil": None, "s": "Hello, World", "u": "Straße İstanbul ΑΣ e\u0301 👍🏽", "ws": " \t\u00a0x y\u2003\n",
    "lines": "a\nb\r\nc\r\u2028d\n", "l": [3, 1, 2], "words": ["b", "A", "c", "a", "B"], "e": [], "d": {},
    "map": {"b": 1, "a": {"x": [1, 2]}, "items": "own", "C": None},
    "rows": [{"k": "x", "v": 2, "on": True}, {"k": "Y", "v": 1, "on": False}, {"k": "x", "v": 3}],
    "nums": [1, 2.0, True, 3.5, "4"], "deep": [[1, [2, [3]]], {"a": {"b": [None, False]}}],
    "ctl": "\u0000\u001f\u007f\u0080\"\\/\b\f", "x": "outer",
}

EXPRESSIONS = """
i + 1|i - 10|i * n|i / 2|i // 2|n // 2|i % 4|n % 4|i % n|-i|+i|- -i|2 ** 10|2 ** -1|2 ** 3 ** 2|f ** 2
f + i|f // 0.4|-f % 0.7|f % -0.7|7.5 // 2|-7.5 // 2|1e16|1e15|123456789012345680.0|0.0001|0.00001|1.0|-0.0
100.0|1e100|1.1e-10|0.1 + 0.2|1 / 3|tiny|huge|big|big + 1|9223372036854775807|1 / 0|1 // 0|1 % 0|1.0 / 0
t + t|t * 3|not t|not nil|t and i|no or s|nil or e or d|t and no and i|i == 7.0|t == 1|no == 0|s == 'Hello, World'
1 < 2 < 3|1 < 3 < 2|'a' < 'b'|'Z' < 'a'|[1, 2] < [1, 3]|[1] == [1.0]|(1, 2) == (1, 2)|(1,) == [1]|1 < 'a'
nil < 1|nil == none|'a' != 'b'|1 >= 1.0|big > 9007199254740992.0|big == 9007199254740992.0|i in l|3 in l|'W' in s
'' in s|'b' in map|nil in map|1 in 5|1 in 'a'|3 not in l|'z' not in s|not 3 in l|'a' in missing
s ~ i ~ f ~ nil ~ t|'a' 'b' "c"|'a' + 'b'|'a' + 1|'ab' * 3|3 * 'ab'|'ab' * -1|[1] * 2|[1] + [2]|(1,) + (2,)|[1] + (2,)
s[0]|s[-1]|s[99]|s[1:4]|s[:-7]|s[::2]|s[::-1]|s[5:1]|s[5:1:-1]|s[-3:]|s[:]|s[::0]|u[::-1]|u|length|u[7]|l[0]|l[-1]|l[5]
l[1:]|l[::-1]|l[:1]|(1, 2, 3)[1:]|l['0']|l.0|map.b|map['b']|map['items']|map.a.x[1]|map.a['x'][-1]|map.zz
map.zz.y|map.C|map.C.d|missing|missing.a|missing[0]|missing == missing|missing is defined|map.zz is defined
d.get('a')|map.get('b')|map.get('q', 5)|map.get('q')|map.keys()|map.values()|d.items()|map.keys() is iterable
{'a': 1, 'b': [1, 'x']}|{}|{1: 'a', true: 'b', 1.0: 'c'}|{'a': 1}.a|{none: 1, 2.5: 2}|[]|()|(1,)|(1, 2)|[1, [2, (3,)]]
{'a': {}}['a']|{[]: 1}|{(1, 2): 3}[(1, 2)]|{'a': 1, 'a': 2}|"it's"|['it\\'s', 'say "x"', 'both \\' "', 'tab\\t', '\\\\']
[u, ws, ctl]|[nil, t, no, 1.5]|[missing]|'\\x41\\u00e9\\U0001F600\\101\\q'|'\\n'|length|'a\\
b'|i if t|i if no|i if no else s|i if no else f if no else 'last'|(i if no) is defined|'y' if e else 'n'
i is odd|i is even|i is divisibleby 7|i is divisibleby(2)|i is number|t is number|s is number|i is integer|t is integer
f is float|t is boolean|i is boolean|nil is none|nil is not none|s is string|l is sequence|map is sequence|map is mapping
l is iterable|i is iterable|s is iterable|range(3) is sequence|missing is iterable|missing is sequence|missing is undefined
t is true|no is false|i is true|1 is true|'abc' is lower|'ABC' is upper|'aBc' is lower|'1' is lower|range is callable
s is callable|i is eq 7|i is equalto 8|i is ne 8|i is gt 3|i is ge(7)|i is lt 3|i is le 7|i is in l|3 is in l|i is sameas 7
nil is sameas none|i is sameas 7.0|i is sameas t|'upper' is filter|'nope' is filter|'odd' is test|s is nosuch
not i is odd|i is not odd|i is odd and t|(i is odd) == t|i is defined and missing is not defined
n|abs|f|abs|-3|abs|s|abs|s|capitalize|u|upper|u|lower|u|capitalize|u|title|s|title|'foo-bar (baz) it\\'s'|title
'foo-bar it\\'s'.title()|u.upper()|u.lower()|u.title()|u.capitalize()|'ǆ'.title()|'ß'.capitalize()|'ΑΣ ΣΑ Σ'.lower()
l|count|l|length|s|length|map|length|i|length|nil|length|missing|length|missing|default('x')|nil|default('x')
nil|default('x', true)|''|d('y', boolean=true)|missing|default|map|dictsort|map|dictsort(reverse=true)
{'b': 2, 'A': 1}|dictsort|{'b': 2, 'A': 1}|dictsort(true)|{'b': 1, 'a': 2}|dictsort(by='value')|missing|dictsort
l|first|e|first|s|first|map|first|l|last|e|last|s|last|map|last|range(4)|last|l|map('string')|last
'3.7'|float|'x'|float|'x'|float(1.5)|i|float|' 1e3 '|float|'1_000'|float|'.5'|float|'5.'|float|'.'|float|'inf'|float|'nan'|float|nil|float
'42'|int|'4.9'|int|'x'|int|'x'|int(9)|f|int|-2.7|int|'0x1f'|int(base=16)|'1f'|int(0, 16)|'1_000'|int|' 7 '|int|nil|int|t|int|e|int|'101'|int(base=2)
'a\\nb\\n\\nc'|indent|'a\\nb\\n\\nc'|indent(2)|'a\\nb\\n\\nc'|indent(2, true)|'a\\nb\\n\\nc'|indent(2, false, true)|'a\\nb\\n'|indent('>>')|''|indent(first=true)|i|indent|lines|indent
map|items|list|missing|items|list|l|join|l|join(', ')|l|join(d=1)|rows|join('-', attribute='k')|rows|join('-', 'v')|s|join('.')|missing|join
s|list|map|list|range(3)|list|i|list|(1, 2)|list|missing|list|s|lower|i|lower|nil|upper
words|map('upper')|list|words|map('replace', 'a', 'z')|list|rows|map(attribute='v')|list|rows|map(attribute='on')|list
rows|map(attribute='on', default=9)|list|words|map|list|words|map('nofilter')|list|rows|map(attribute='v')|sum
l|max|l|min|words|max|words|min|words|max(case_sensitive=true)|rows|max(attribute='v')|e|max|words|min(true)
l|reject('odd')|list|l|select('odd')|list|l|select('gt', 1)|list|nums|select|list|nums|reject|list|rows|selectattr('on')|list
rows|rejectattr('on')|list|rows|selectattr('v', 'ge', 2)|map(attribute='v')|list|rows|selectattr('k', 'in', ['x'])|list|length
rows|selectattr('on', 'defined')|list|length|rows|selectattr('on', 'undefined')|list|rows|selectattr|list|l|select('nosuch')|list
s|replace('l', 'L')|s|replace('l', 'L', 1)|s|replace('', '-')|s|replace('', '-', 2)|i|replace('7', '8')|s|replace('lo', '')|missing|replace('a', 'b')
l|reverse|list|s|reverse|map|reverse|list|range(3)|reverse|list|u|reverse|e|reverse|list|l|reverse|first
42.55|round|42.5|round|43.5|round|42.55|round(1)|42.55|round(1, 'floor')|42.55|round(1, 'ceil')|2.675|round(2)|i|round|-2.5|round|1e300|round(2)|2.5|round(0, 'ceil')|i|round(1, 'floor')|0.1|round(20)
s|safe|'<a href="x">\\'&'|escape|'<b>'|e|l|sort|l|sort(reverse=true)|words|sort|words|sort(case_sensitive=true)|words|sort(true, true)
rows|sort(attribute='v')|map(attribute='v')|list|rows|sort(attribute='k,v')|map(attribute='v')|list|['a', 1]|sort|e|sort|s|sort
i|string|l|string|missing|string|nil|string|f|string|l|sum|[1, 2.5]|sum|rows|sum(attribute='v')|l|sum(start=10)|words|sum|e|sum
map|tojson|map|tojson(indent=2)|e|tojson|d|tojson(indent=2)|[e, d]|tojson(indent=1)|ctl|tojson|u|tojson|u|tojson(ensure_ascii=true)|ctl|tojson(ensure_ascii=true)|(1, 2)|tojson
[1.0, 1e16, 0.1, 1e-7]|tojson|[nil, t, no]|tojson|map|tojson(sort_keys=true)|map|tojson(separators=(',', ':'))|map|tojson(true)|missing|tojson|{1: 2, none: 3, true: 4, 2.5: 6}|tojson|range(2)|tojson|deep|tojson(indent='--')|s|tojson
ws|trim|ws|trim|length|'xxaxx'|trim('x')|'xyaxy'|trim('yx')|i|trim|nil|trim|words|unique|list|words|unique(true)|list|[1, true, 1.0, 2]|unique|list|rows|unique(attribute='k')|map(attribute='v')|list
'a b/c?é&'|urlencode|{'a b': 'c/d', 'e': 1}|urlencode|s|wordcount|u|wordcount|''|wordcount|l|batch(2)|list|l|batch(2, 'x')|list|l|slice(2)|list|l|slice(2, 'x')|list|l|slice(5)|list
'%s is %d'|format('a', 3)|'%s' % s|'%s-%s' % (1, 2)|'%d%%' % 5|'%s' % (1, 2)|'%r' % 'a'|s|center(20)|'ab'|center(5)|map|attr('b')|s|nofilter
s.strip()|ws.strip()|ws.lstrip()|ws.rstrip()|'xxaxx'.strip('x')|'xxaxx'.lstrip('x')|'xxaxx'.rstrip('x')|'xx'.strip(none)|s.strip(1)
s.split()|s.split(', ')|s.split('l')|s.split('l', 1)|s.split('')|s.split(none, 1)|ws.split()|' a  b  c '.split(none, 1)|' a  b  c '.split(' ')|s.split('q')|s.split(maxsplit=1)
s.rsplit('l', 1)|' a  b  c '.rsplit(none, 1)|'aaa'.rsplit('aa', 1)|s.rsplit('l')|lines.splitlines()|lines.splitlines(true)|''.splitlines()|'a\\n\\nb'.splitlines()
s.startswith('He')|s.startswith(('x', 'H'))|s.endswith('ld')|s.endswith(('a', 'd'))|s.endswith('')|s.startswith(1)|s.startswith(missing)|s.endswith('xxxxxxxxxxxxxxxxxxxxxx')
s.replace('l', 'L')|s.replace('l', 'L', 2)|s.replace('', '.')|s.replace('l')|'aaa'.replace('aa', 'b')|s.find('o')|s.find('o', 5)|s.find('z')|s.rfind('o')|s.rfind('o', 0, 6)|u.find('👍')|u.rfind('Σ')|s.find('')|s.rfind('')|'aaa'.rfind('aa')
s.index('W')|s.index('z')|s.rindex('l')|s.count('l')|'aaaa'.count('aa')|s.count('')|s.count('l', 5)|', '.join(words)|''.join(l)|'-'.join('abc')|'-'.join(map)|'-'.join(e)
s.removeprefix('Hello')|s.removesuffix('World')|s.removeprefix('x')|s.removesuffix('')|'12'.isdigit()|'1a'.isdigit()|''.isdigit()|'²'.isdigit()|'½'.isdigit()|'½'.isalnum()|'é'.isalpha()|'a1'.isalnum()|' \\t'.isspace()|'\\x1c'.isspace()|'a'.islower()|'A1'.isupper()|'aé'.isascii()
'7'.zfill(3)|'-7'.zfill(4)|'a'.ljust(3, '.')|'a'.rjust(3)|'ab'.center(7, '*')|'abc'.center(6, '*')|'a=b=c'.partition('=')|'a=b=c'.rpartition('=')|'abc'.partition('=')|'abc'.rpartition('=')|s.nosuch|s.nosuch()|s.append('a')|l.append(4)|map.update({})|map.pop('b')|l.index(1)|l.index(9)|l.count(3)|(1, 2, 1).count(1)|(1, 2).index(2)|l.copy()|map.copy()
range(5)|range(2, 8, 3)|list|range(5, 0, -2)|list|range(0)|list|range(3)[1]|range(10)[::-1]|list|range(10)[2:4]|list|range(1, 2, 0)|range(100000)|length|range(100001)|range('a')|4 in range(5)|range(3) == range(0, 3)|range(3)|length
dict(a=1, b=2)|dict({'a': 1}, b=2)|dict([('a', 1)])|namespace(a=1).a|namespace({'a': 2}).a|namespace(a=1)|namespace().b|namespace(a=1)['a']|nil()|s()|missing()|i(1)|dict(1)
strftime_now('%Y-%m-%d')|raise_exception('stop')|(l|map('string'))|length|(l|map('string'))|list|length|(e|map('string')) and 'true'|x|loop|varargs|caller()|_('a')|s.__class__|s['__class__']|s.__class__.__name__|map.__len__()
i|string|length|(i|string)[0]|s|upper|lower|title|first|l|map('string')|map('length')|sum|-i|abs|-1|string|(-1)|string|2 * 3|string|'a' ~ 1|string|1 + 2 ~ 3 + 4|'a' ~ 1 + 2|not not t|1 if t else 2 if t else 3|[i, ]|{'a': 1, }|(i, )|dict(a=1, )|[*l]|dict(**{'a': 1})|range(*[1, 4])|list|1_000 + 0x1F + 0b11 + 0o17|1.5e3|1e-3|1.|.5|007|0_0|i.0|f.5|l.0.1
i +|(i|[i|{'a'}|i]|'abc|i i|i..a|i |$i|i & 1|i ! 1|%}|i = 1|if|not|i is|i is not|i||s[1, 2]|s[]|s[:, 1]|a b|`a`|f(a=1, 2)|f(**a, b=1)|f(a=1, a=2)|s|replace(old='l', new='L')|s|replace('l', new='L')|s|replace|s|upper(1)|s|default(1, 2, 3)|s|indent(width=2, first=true)|[1, 2]|join(attribute=none)|True and False or None|none|None|trueish|nonesuch
"""


def expressions():
    """Lines hold expressions between bars; a bar between letters or brackets is a filter's."""
    import re

    for line in re.split(r"(?<!\\)\n", EXPRESSIONS.strip()):
        yield from split(line.replace("\\\\", "\\"))


FILTERS = (
    "abs attr batch capitalize center count d default dictsort e escape first float format indent int items "
    "join last length list lower map max min nofilter reject rejectattr replace reverse round safe select "
    "selectattr slice sort string sum title tojson trim unique upper urlencode wordcount"
).split()


def split(line):
    """Pieces of a line, those that begin with a filter's name joined to what is before them."""
    import re

    pieces = []
    for piece in line.split("|"):
        name = re.match(r"[a-z_]+", piece)
        if pieces and name and name.group() in FILTERS and not re.match(r"f \*|f \+|f //|f %|f is|d\.get|e$|map$|map( is|[.\[])", piece):
            pieces[-1] += "|" + piece
        else:
            pieces.append(piece)
    return pieces


STATEMENTS = [
    "{% if x %}{% set y = 1 %}{% endif %}{{ y }}",
    "{% if no %}{% set x = 'inner' %}{% endif %}{{ x }}",
    "{% for a in l %}{% set x = a %}{{ x }}{% endfor %}{{ x }}",
    "{% for a in l %}{% if loop.first %}{% set x = 'in' %}{% endif %}{{ x }} {% endfor %}{{ x }}",
    "{% for a in l %}{{ x }}{% set x = a %}{% endfor %}{{ a is defined }}",
    "{% for a in l %}{% for b in l %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}",
    "{% for a, b in map.items() %}{{ a }}:{{ b }} {% endfor %}{% for k in map %}{{ k }}{% endfor %}",
    "{% for a, b in [(1, 2), [3, 4], 'xy'] %}{{ a }}{{ b }}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}",
    "{% for (a, (b, c)) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for a in i %}{% endfor %}",
    "{% for a in missing %}{{ a }}{% else %}none{% endfor %}{% for a in nil %}{% endfor %}",
    "{% for a in l if a > 1 %}{{ loop.index }}/{{ loop.length }}{{ a }}{{ loop.last }} {% endfor %}",
    "{% for a in l if a > 9 %}{% else %}none{% set z = 1 %}{% endfor %}{{ z is defined }}",
    "{% set ns = namespace(ok=true) %}{% for a in l if ns.ok %}{{ a }}{% set ns.ok = false %}{% endfor %}",
    "{% for a in l %}{% if a == 1 %}{% break %}{% endif %}{{ a }}{% else %}never{% endfor %}",
    "{% for a in l %}{% if a == 1 %}{% continue %}{% endif %}{{ a }}{{ loop.index }}{% endfor %}",
    "{% break %}", "{% continue %}", "{% for a in l %}{% endfor %}{% break %}",
    "{% for a in l %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
    "{% for a in l %}{% generation %}{% break %}{% endgeneration %}{% endfor %}",
    "{% set g = l|map('string') %}{{ g|list }}{{ g|list }}{{ g|first is defined }}",
    "{% set g = rows|selectattr('on') %}{% if g %}yes{% endif %}{% for a in g %}{{ a.v }}{% endfor %}{% for a in g %}{{ a.v }}{% endfor %}",
    "{% set g = l|map('string') %}{{ g|first }}{{ g|list }}",
    "{% set g = l|reverse %}{{ g|first }}{{ g|list }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c = 1, %}{{ c }}{% set (d, e) = [3, 4] %}{{ d }}{{ e }}",
    "{% set a, b = 1 %}", "{% set a, b = [1, 2, 3] %}", "{% set a.b = 1 %}", "{% set map.b = 1 %}", "{% set l[0] = 1 %}",
    "{% set none = 1 %}", "{% set 1 = 1 %}", "{% set a %}", "{% set %}", "{% set a = %}", "{% set a b %}",
    "{% set ns = namespace() %}{% set ns.a = 1 %}{% set ns.a, b = 2, 3 %}{{ ns.a }}{{ b }}{% set ns.c %}x{{ b }}{% endset %}{{ ns.c }}",
    "{% set a | upper | replace('X', 'y') %}x{{ x }}{% endset %}{{ a }}",
    "{% set a %}{% set b = 1 %}{% endset %}{{ b is defined }}",
    "{% macro m(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{{ x }}{% set x = 'in' %}{% endmacro %}{{ m(1) }}|{{ m(1, 3) }}|{{ m(b=5, a=6) }}|{{ m() }}|{{ x }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(z=2) }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}", "{% macro m(a=1, b) %}{% endmacro %}",
    "{% macro m(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, q=4) }}",
    "{% macro m() %}{{ y is defined }}{% endmacro %}{% for y in l %}{{ m() }}{% endfor %}",
    "{% for y in l %}{% macro m() %}{{ y }}{{ loop.index }}{% endmacro %}{{ m() }}{% endfor %}",
    "{% macro m() %}{{ later }}{% endmacro %}{% set later = 1 %}{{ m() }}",
    "{% macro m(k) %}{% if k > 0 %}{{ k }}{{ m(k - 1) }}{% endif %}{% endmacro %}{{ m(3) }}",
    "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}{{ x }}{% set q = 1 %}{% endcall %}{{ q is defined }}",
    "{% macro m() %}[{{ caller(1, b=2) }}]{% endmacro %}{% call(a, b=3) m() %}{{ a }}{{ b }}{% endcall %}",
    "{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}", "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{% if caller %}c{% else %}n{% endif %}{% endmacro %}{{ m() }}{{ m.name }}", "{% call 1 %}{% endcall %}",
    "{% macro a() %}A{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}", "{{ m() }}{% macro m() %}x{% endmacro %}",
    "{% with %}{% set p = 1 %}{{ p }}{% endwith %}{{ p is defined }}", "{% with p = 1, q = x %}{{ p }}{{ q }}{% endwith %}",
    "{% with x = 1, y = x %}{{ y }}{% endwith %}", "{% filter trim | upper %} a{{ x }} {% endfilter %}|",
    "{% filter nosuch %}{% endfilter %}", "{% if no %}{{ s|nosuch }}{% endif %}ok", "{% if t %}{{ s|nosuch }}{% endif %}ok",
    "{{ (s|nosuch) if no else 'ok' }}", "{% if no %}{{ s is nosuch }}{% endif %}ok",
    "{% for a in deep recursive %}{{ loop.depth0 }}{% if a is iterable and a is not mapping %}({{ loop(a) }}){% else %}{{ a }}{% endif %}{% endfor %}",
    "{% for a in l %}{{ loop(l) }}{% endfor %}", "{% for a in l %}{{ loop }}{% endfor %}", "{% for a in l %}{{ loop.nosuch }}{% endfor %}",
    "{% for a in l %}{{ loop.cycle() }}{% endfor %}", "{% for a in words %}{{ loop.changed(a|lower) }}{% endfor %}",
    "{% for a in [1, 1, 2] %}{% if loop.changed(a) %}{{ a }}{% endif %}{% endfor %}",
    "{% for a in l|map('string') %}{{ loop.length }}{{ loop.revindex }}{{ loop.last }}{{ a }} {% endfor %}",
    "{% for a in range(3) %}{{ a }}{{ loop.nextitem }}{{ loop.previtem }},{% endfor %}",
    "a\n", "a\n\n", "\n", "", "a\r\nb\rc\n", "  \n  ", "{{ x }}\n", "{{ x }}\n\n", "{% if t %}\n\n{% endif %}\n\n",
    "  {% if t %}  \n  a\n  {% endif %}  \n", "a  {% if t %}b{% endif %}  c", "a\n  {{ x }}\n  b", "a\n  {{- x -}}\n  b",
    "a \n {%- if t -%} \n b \n {%- endif -%} \n c", "a\n  {%+ if t %}b{% endif +%}\nc", "a\n\t {% if t %}\nb\n\t{% endif %}\nc",
    "{# a #}\nb{# c #}\n  {# d #}  \n{#- e -#}\nf  {#+ g +#}\nh", "{# unclosed", "{{ unclosed", "{% unclosed", "{% if t %}",
    "{% if t %}{% endfor %}", "{% endif %}", "{% nosuch %}", "{% else %}", "{% elif t %}", "{%%}", "{{}}", "{{ }}", "{##}", "{#}",
    "{% if %}{% endif %}", "{% for %}{% endfor %}", "{% for a l %}{% endfor %}", "{% for a in %}{% endfor %}", "}}", "%}", "#}", "{", "{ {", "{{ '}}' }}",
    "{{ {'a': {'b': 1}}['a'] }}", "{{ {'a': {'b': 1}} }}", "{%raw%}{{ x }}{%endraw%}", "{% raw -%}\n {{ x }} {%- endraw %}\n y", "  {% raw %}\n {{ x }}\n  {% endraw %}\n y", "{% raw %}", "{% raw %}{% endraw", "{% rawx %}",
    "{%- raw -%}  a  {%- endraw -%}  b", "{% raw %}{% raw %}{% endraw %}", "{% if t: %}a{% endif %}", "{% if t %}a{% else: %}b{% endif %}", "{% print x, i %}",
    "\u00a0{% if t %}a{% endif %}", "\u2003\n{%- if t %}a{% endif %}", "a\n\u2003{% if t %}b{% endif %}", "{{ 'a\nb' }}", "{{ 'a\r\nb'|length }}", "x{%-set a=1-%}y", "{{x}}{{-x-}} {{x}}",
    "{% set f %}{% endset %}{{ f|length }}", "{% for a in l -%}\n  {{ a }}\n{%- endfor %}", "{% for a in l %}\n{{ a }}\n{% endfor %}", "{% set a = 1 -%}\n\n  b", "{% set a = 1 +%}\n\n  b",
    "{% if i == 7 and (s or missing.x) and l[0] == 3 %}ok{% endif %}", "{{ missing.x if no else 1 }}", "{{ no and missing.x }}", "{{ t or missing.x }}", "{% if missing %}a{% elif not missing %}b{% endif %}",
    "{% autoescape true %}{% endautoescape %}x{% nosuch %}", "{% include %}", "{% do l.append(1) %}", "{% debug %}", "{% trans %}a{% endtrans %}",
    "{% set r = range(2, 9, 3) %}{{ r }}{{ r|list }}{{ r[-1] }}{{ r is iterable }}", "{% set _ = map.update({'z': 1}) %}", "{{ namespace }}{{ x.y }}" if False else "{{ x.y }}",
    "{% set ns = namespace(d={}) %}{% set ns.d = dict(ns.d, **{'k': 1}) %}{{ ns.d }}{{ ns }}", "{{ caller is defined }}{{ loop is defined }}{{ varargs is defined }}", "{% macro m() %}{{ caller is defined }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m() }}",
]

SNIPPETS = ["{{ " + expression + " }}" for expression in expressions()] + STATEMENTS
