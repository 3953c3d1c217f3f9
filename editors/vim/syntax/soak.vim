" Vim syntax file
" Language: soak
" Written from tests/generated/vim.template.vim and the declarations; do not edit.
" Renew it with SOAK_UPDATE=1 cargo nextest run generated

if exists('b:current_syntax')
  finish
endif

syntax case match

" Where two items match at one place, a keyword wins over a match and a later match over an earlier one.
syntax keyword soakStatement at capture check choose cleanup every expect for include note parallel phase repeat require run scenario setup think wait want
syntax keyword soakDeclaration action curve dataset ledger let metric mix param secret sequence nextgroup=soakDeclared skipwhite
syntax match soakDeclared "\h\w*" contained
syntax keyword soakUse load do nextgroup=soakUsed skipwhite
syntax match soakUsed "\h\w*" contained
syntax keyword soakPermit permit nextgroup=soakPermitted skipwhite
syntax match soakPermitted "\v%(load\s+to|fault\s+on)>" contained
" Not keywords: `max` is a function, too, where a parenthesis follows.
syntax match soakQualifier "\v<%(always|end|max|once|poisson|shaped|show|sometimes|times|tolerate|users|with|within|until|each)>"
syntax keyword soakWordOperator in over and or not
syntax keyword soakTruth false true

syntax match soakOperator "->\|\.\.\|[=!<>]=\|[-+*/<>=]"
syntax match soakContinuation "\\$"
syntax match soakPunctuation "[{};]"

" Numbers: bare, with a unit, of several units, as a time of day.
syntax match soakNumber "\v<\d[0-9_]*%(\.\d+)?>"
syntax match soakNumber "\v<\d[0-9_]*%(\.\d+)?%(\%|%(%(B|GB|Gbit|GiB|KB|KiB|MB|Mbit|MiB|TB|TiB|bit|d|h|kbit|m|min|ms|ns|s|us|w|k)?/%(d|h|m|min|s)|B|GB|Gbit|GiB|KB|KiB|MB|Mbit|MiB|TB|TiB|bit|d|h|kbit|m|min|ms|ns|s|us|w|k)>)"
syntax match soakNumber "\v<%(\d[0-9_]*%(\.\d+)?%(d|h|m|min|ms|ns|s|us|w)){2,}>"
syntax match soakNumber "\v<\d{1,2}:\d{2}>"

" The words at the front of a line, and what an object's keys are called.
syntax match soakKey "\v<\h\w*\ze\s*:" contains=NONE
syntax match soakLineWord "\v%(^|[{;])\s*%(sent|received|file|order|hold)>" contains=soakPunctuation
syntax match soakFrom "\v<from\s+env>"

" Settings come before functions, so that `http` is a setting and `http(…)` a function.
syntax match soakSetting "\v<%(address|after|base|between|ca|certificate|compress|connections|container|cookies|descriptor|dir|env|faulty|grace|greeting|header|http|http2|idle|insecure|interface|key|later|listen|log|match|name|on|own|path|pidfile|pool|proxy|ready|redirects|reflection|resolve|resp3|restart|reuse|run|signal|size|start|stop|timeout|tls|to|udp|unit|url|within)>" contained

" Functions, and readings behind a dot.
syntax match soakAggregate "\v<%(count|delta|distinct|first|growth|last|max|mean|min|p50|p90|p95|p99|p999|rate|sum)\ze\("
syntax match soakMaker "\v<%(date|find|matches|now|pick|random|recent|take|uuid)\ze\("
syntax match soakSource "\v<%(age|bytes|capture|duplicates|files|http|json|json_count|lines|output|prometheus|sql|succeeds|tcp|valid_json|valid_json_lines|file|http|line|succeeds|tcp)\ze\("
syntax match soakMember "\.\h\w*"hs=s+1
syntax match soakReading "\v\.%(altered|bytes|connections|count|cpu|cut|delay|disk|dropped|duplicated|errors|exit_code|failed|files|free|inodes|latency|lateness|load|log|lost|memory|open|rate|read|ready|received|restarts|round_trip|rss|sent|seq|service_time|skipped|success|threads|unexpected|up|used|written)>"hs=s+1

" What a target is told.
syntax match soakTold "\v<\h\w*\s+%(answer|burn|call|connect|cut|degrade|delay|delete|disconnect|eat|execute|fail|fill|get|head|hog|kill|limit|lock|lose|off|on|patch|pause|post|publish|put|query|readonly|receive|request|reset|restart|send|signal|skew|slice|slow|stall|start|stop|stream|subscribe|tear|throttle|write)>%(\s+%(atomic|disk|down|refuse|retain|torn|unsynced|up)>)?" contains=soakVerb nextgroup=soakParameter skipwhite
syntax match soakVerb "\v\s+%(answer|burn|call|connect|cut|degrade|delay|delete|disconnect|eat|execute|fail|fill|get|head|hog|kill|limit|lock|lose|off|on|patch|pause|post|publish|put|query|readonly|receive|request|reset|restart|send|signal|skew|slice|slow|stall|start|stop|stream|subscribe|tear|throttle|write)>" contained nextgroup=soakFlag
syntax match soakFlag "\v\s+%(atomic|disk|down|refuse|retain|torn|unsynced|up)>" contained
syntax match soakParameter "\v<%(ahead|atomic|bandwidth|behind|burst|connections|corrupt|cpu|disk|down|duplicate|ending|file|files|form|header|hex|inodes|jitter|json|latency|loss|memory|qos|queue|refuse|reorder|retain|size|text|timeout|to|torn|unsynced|up)>\ze\s+%([\"'0-9{(]|\h\w*\()"
syntax match soakParameter "\v<%(up|down)>\ze%(\s+for>|\s*[;}>]|\s*$)" contained

" A target and its settings.
syntax match soakKind "\v<%(database|disk|grpc|host|http|link|machine|mqtt|nats|process|redis|tcp|udp|websocket)>\ze\s+\h\w*\s*\{" nextgroup=soakTarget skipwhite
syntax match soakTarget "\h\w*" contained nextgroup=soakSettings skipwhite
syntax region soakSettings matchgroup=soakPunctuation start="{" end="}" contained contains=soakSetting,soakText,soakRawText,soakNumber,soakSource,soakMaker,soakReading,soakMember,soakComment,soakOperator

" Tables: in their header any word may stand.
syntax region soakTable start="^\s*|" end="$" oneline contains=soakBar,soakText,soakRawText,soakNumber,soakAggregate,soakMaker,soakSource,soakReading,soakMember,soakTruth,soakComment,soakTableOperator
syntax match soakBar "|" contained
syntax match soakTableOperator "->\|\.\.\|[-+*/]" contained

" Texts and comments come last: nothing else starts inside them.
syntax region soakText start=+"+ skip=+\\\\\|\\"+ end=+"+ contains=soakEscape,soakInterpolation
syntax match soakEscape +\\[nt"\\{]+ contained
syntax region soakInterpolation matchgroup=soakInterpolationMark start="{" end="}" contained oneline contains=soakNumber,soakAggregate,soakMaker,soakSource,soakReading,soakMember,soakTruth,soakOperator,soakRawText
syntax match soakRawText "'[^']*'"
syntax match soakComment "#.*$" contains=@Spell

syntax sync minlines=200

highlight default link soakStatement Statement
highlight default link soakDeclaration Statement
highlight default link soakLineWord Statement
highlight default link soakUse Statement
highlight default link soakPermit Statement
highlight default link soakPermitted Statement
highlight default link soakFrom Statement
highlight default link soakQualifier Keyword
highlight default link soakWordOperator Operator
highlight default link soakTruth Boolean
highlight default link soakOperator Operator
highlight default link soakTableOperator Operator
highlight default link soakContinuation Special
highlight default link soakPunctuation Delimiter
highlight default link soakNumber Number
highlight default link soakKey Identifier
highlight default link soakDeclared Identifier
highlight default link soakUsed Identifier
highlight default link soakAggregate Function
highlight default link soakMaker Function
highlight default link soakSource Function
highlight default link soakMember Identifier
highlight default link soakReading Identifier
highlight default link soakTold Normal
highlight default link soakVerb Function
highlight default link soakFlag Keyword
highlight default link soakParameter Keyword
highlight default link soakKind Type
highlight default link soakTarget Identifier
highlight default link soakSettings Normal
highlight default link soakSetting Keyword
highlight default link soakTable Normal
highlight default link soakBar Delimiter
highlight default link soakText String
highlight default link soakEscape SpecialChar
highlight default link soakInterpolation Normal
highlight default link soakInterpolationMark Special
highlight default link soakRawText String
highlight default link soakComment Comment

let b:current_syntax = 'soak'
