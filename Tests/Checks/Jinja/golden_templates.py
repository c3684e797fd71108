# SPDX-License-Identifier: MIT
"""Templates in the ways in which those of models are written; each is rendered with every conversation."""

from golden_templates_llama_qwen import CHATML, LLAMA3, LLAMA31, QWEN2, QWEN3, QWEN35
from golden_templates_gemma_mistral import GEMMA, GEMMA3, MISTRAL, PHI3, PHI4, FALCON, FALCON3, DEEPSEEK
from golden_templates_tools import HERMES, SMOLLM3, COMMAND, GRANITE, HARMONY, EFFORT, ZEPHYR

# Smaller ones, each for some way of writing.
SMALL = [
    "{% for m in messages %}{{ loop.index }}/{{ loop.length }} {{ loop.revindex }} {{ loop.revindex0 }} {{ m.role|upper }}{% if not loop.last %}, {% endif %}{% else %}nobody{% endfor %}",
    "{% for m in messages|reverse %}{{ m.role }}{{ loop.cycle('-', '+') }}{{ loop.changed(m.role) }};{% endfor %}",
    "{% for m in messages recursive %}{{ loop.depth }}{{ m.role }}{% if m.tool_calls and loop.depth < 3 %}({{ loop(m.tool_calls) }}){% endif %}{% endfor %}",
    "{% for m in messages if m.role != 'system' %}{{ loop.index0 }}{{ loop.last }}{{ loop.previtem.role if loop.previtem is defined }}{{ (loop.nextitem or {}).role }}|{% endfor %}",
    "{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}{% if loop.index > 3 %}{% break %}{% endif %}{{ m.role }} {% endfor %}end",
    "{% set x = 1 %}{% for m in messages %}{{ x }}{% set x = x + 1 %}{{ x }} {% endfor %}{{ x }}",
    "{% set ns = namespace(n=0, roles=[]) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% set ns.roles = ns.roles + [m.role] %}{% endfor %}{{ ns.n }} {{ ns.roles }} {{ ns.roles|unique|list }}",
    "{{ messages }}",
    "{{ messages | tojson }}",
    "{{ messages | tojson(indent=2, ensure_ascii=True, sort_keys=True) }}",
    "{{ tools | tojson(separators=(',', ':')) }}",
    "{{ tools }}",
    "{% macro m(role, content='none', *x) %}{% endmacro %}{{ m }}",
    "{% macro say(m, end='!') %}<{{ m.role }}>{{ caller(m.content) if caller is defined else m.content }}{{ end }}{{ varargs }}{{ kwargs }}{% endmacro %}{% for m in messages %}{{ say(m) }}{{ say(m, '?', 1, a=2) }}{% call(c) say(m, end='') %}[{{ c }}]{% endcall %}{% endfor %}",
    "{% set text %}\n  {% for m in messages %}\n    {{ m.role }}\n  {% endfor %}\n{% endset %}[{{ text }}][{{ text|trim }}][{{ text|length }}]",
    "{% filter upper %}{% for m in messages %}{{ m.content }}{% set inside = 1 %}{% endfor %}{% endfilter %}{{ inside is defined }}",
    "{% with a = messages|length, b = 2 %}{{ a * b }}{% set c = 3 %}{{ c }}{% endwith %}{{ c is defined }}",
    "{% for m in messages %}\n  * {{ m.role -}}\n  : {{- m.content }}\n{% endfor %}\n\n",
    "  {%+ if messages %}x{%+ endif %}  \n  {%- if tools +%}\n  y\n  {% endif -%}\n  z  {# note #}\n  {#- note -#}  w",
    "{% for m in messages %}{{ m.content[:3] }}|{{ m.content[-3:] }}|{{ m.content[::-1] }}|{{ m.content[1:-1:2] }}\n{% endfor %}",
    "{% for m in messages %}{{ m.content.split() }}{{ m.content.split(' ', 1) }}{{ m.content.rsplit(' ', 1) }}{{ m.content.splitlines() }}\n{% endfor %}",
    "{% for m in messages %}{{ m.content.strip().title() }}{{ m.content|title }}{{ m.content.capitalize() }}{{ m.content|wordcount }}{{ m.content.find('e') }}{{ m.content.count('e') }}\n{% endfor %}",
    "{% for m in messages %}{{ m.content is string }}{{ m.content is iterable }}{{ m.content is sequence }}{{ m.content is mapping }}{{ m.content is none }}{{ m.tool_calls is defined }}\n{% endfor %}",
    "{% for m in messages %}{{ m.content | indent(2) }}{{ m.content | indent('> ', true, true) }}\n{% endfor %}",
    "{% for m in messages %}{% for k, v in m.items() %}{{ k }}={{ v }};{% endfor %}{{ m.keys()|list }}{{ m|length }}{{ m|dictsort|first }}\n{% endfor %}",
    "{{ messages[0].role }}{{ messages[-1]['role'] }}{{ messages[99] }}{{ messages[0].nothing }}",
    "{{ messages[0].nothing.more }}",
    "{{ messages | map(attribute='role') | join(', ') }}{{ messages | map(attribute='content.0.type', default='?') | list }}",
    "{{ messages | selectattr('tool_calls') | list | length }}{{ messages | selectattr('role', '==', 'user') | map(attribute='content') | first }}",
    "{{ messages | groupless }}",
    "{% if messages|length > 1 and messages[0].role == 'system' or not tools %}a{% elif tools|length == 1 %}b{% else %}c{% endif %}",
    "{% if 1 < messages|length <= 4 %}few{% endif %}{{ 'user' in messages|map(attribute='role') }}{{ 'Zü' in messages[0].content }}",
    "{% set m = messages|last %}{{ m.role ~ ':' ~ m.content ~ none ~ true ~ 1.0 ~ [1, 'a'] }}",
    "{% raw %}{{ messages }}{% not %}{% endraw %}\n{%- raw -%}\n x {%- endraw +%}\n{{ messages|length }}",
    "{% generation %}{% set g = 1 %}{{ messages|length }}{% endgeneration %}{{ g is defined }}",
    "{{ tools | map(attribute='function') | map(attribute='name') | sort(reverse=true) | join }}",
    "{% for tool in tools %}{{ tool.function.parameters.properties | items | list }}{{ tool.function['parameters']['required'] }}\n{% endfor %}",
    "{{ raise_exception('No: ' ~ messages|length) if tools else 'fine' }}",
    "{% set last = namespace(user=-1) %}{% for i in range(messages|length) %}{% if messages[i].role == 'user' %}{% set last.user = i %}{% endif %}{% endfor %}{{ last.user }}",
    "{% set joined = joiner(' / ') %}{% for m in messages %}{{ joined() }}{{ m.role }}{% endfor %}{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.current }}",
    "{{ messages | batch(2) | map('length') | list }}{{ messages | slice(2) | map('length') | list }}{{ messages|map(attribute='role')|min }}{{ messages|map(attribute='role')|max }}",
    "{%- for m in messages -%}\n{%- if m['role'] == 'user' -%}\n[INST] {{ m['content'] | trim }} [/INST]\n{%- elif m['role'] == 'assistant' %} {{ m['content'] }} {{ eos_token }}\n{%- endif -%}\n{%- endfor -%}",
    "{% set tool_names = [] %}{% for t in tools or [] %}{% set _ = tool_names.append(t.function.name) %}{% endfor %}{{ tool_names }}",
    "{{ (messages[0].content or 'empty') if messages else 'none' }}{{ messages[0].content is string and messages[0].content.isspace() }}",
]

TEMPLATES = [
    CHATML, LLAMA3, LLAMA31, QWEN2, QWEN3, QWEN35, GEMMA, GEMMA3, MISTRAL, PHI3, PHI4, FALCON, FALCON3,
    DEEPSEEK, HERMES, SMOLLM3, COMMAND, GRANITE, HARMONY, EFFORT, ZEPHYR,
] + SMALL
