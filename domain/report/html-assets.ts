/** Style and script of the HTML report. The hashes go into its Content Security Policy; a test keeps them true. */

export const STYLE = `
:root{color-scheme:light dark;--bg:#f5f6f8;--card:#fff;--ink:#1a1f29;--soft:#596273;--line:#dfe3ea;--code:#f3f5f8;--link:#2456c7;
--good:#17784a;--bad:#c02a2a;--warn:#96600a;--mute:#596273;--lost:#7340b8;
--good-bg:#e3f4ea;--bad-bg:#fdeaea;--warn-bg:#fdf2dd;--mute-bg:#edeff3;--lost-bg:#f2eafb;--mark-del:#f5b8b8;--mark-ins:#a5dcbb}
@media (prefers-color-scheme:dark){:root{--bg:#11141a;--card:#191d25;--ink:#e5e9f0;--soft:#9aa4b5;--line:#2c3340;--code:#12161d;--link:#8ab0ff;
--good:#5fcf94;--bad:#ff8b85;--warn:#ebb45c;--mute:#9aa4b5;--lost:#c39bff;
--good-bg:#15301f;--bad-bg:#3a1a1c;--warn-bg:#352710;--mute-bg:#252b36;--lost-bg:#2b2040;--mark-del:#7a2b2d;--mark-ins:#1f6a41}}
*{box-sizing:border-box}
html{scroll-padding-top:8.5rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
code,pre,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.9em}
a{color:var(--link)}
h1,h2,h3,p,ul,dl,dd,figure{margin:0;padding:0}
ul{list-style:none}
small{color:var(--soft);font-size:.86em}
.wrap{max-width:1180px;margin:0 auto;padding:0 24px}
.vh{position:absolute!important;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:-999px;top:0;padding:8px 16px;background:var(--card);z-index:9}
.skip:focus{left:8px}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:4px}
[hidden]{display:none!important}
.top{background:var(--card);border-top:5px solid var(--mute);padding:22px 0 20px}
.top.good{border-color:var(--good)}.top.bad{border-color:var(--bad)}.top.lost{border-color:var(--lost)}
.brand{font-weight:700;letter-spacing:.02em;color:var(--ink);font-size:13px}
.brand span{font-weight:400;color:var(--soft)}
h1{font-size:30px;line-height:1.2;margin:2px 0 12px;overflow-wrap:anywhere;letter-spacing:-.01em}
.verdict{display:flex;gap:12px;align-items:baseline;flex-wrap:wrap}
.verdict .badge{font-size:17px;padding:3px 14px}
.sentence{font-size:17px;overflow-wrap:anywhere}
.facts{display:flex;flex-wrap:wrap;gap:4px 24px;margin:12px 0 0;color:var(--ink);font-size:14px}
.facts li>span{color:var(--soft)}
.facts code{overflow-wrap:anywhere}
.bar{display:block;width:100%;height:8px;border-radius:4px;margin-top:16px;background:var(--mute-bg)}
.badge{display:inline-block;white-space:nowrap;font-weight:650;font-size:12.5px;border-radius:99px;padding:1px 10px;background:var(--mute-bg);color:var(--mute)}
.badge.good{background:var(--good-bg);color:var(--good)}.badge.bad{background:var(--bad-bg);color:var(--bad)}
.badge.warn{background:var(--warn-bg);color:var(--warn)}.badge.lost{background:var(--lost-bg);color:var(--lost)}
.sign{font-weight:700;display:inline-block;min-width:1.1em}
.good{--tone:var(--good)}.bad{--tone:var(--bad)}.warn{--tone:var(--warn)}.mute{--tone:var(--mute)}.lost{--tone:var(--lost)}
.sign,.counts span,td.good,td.bad,td.warn,td.mute,td.lost{color:var(--tone)}
td.bad,td.lost,td.warn{font-weight:650}
.fill-good{fill:var(--good)}.fill-bad{fill:var(--bad)}.fill-warn{fill:var(--warn)}.fill-mute{fill:var(--mute)}.fill-lost{fill:var(--lost)}
nav{position:sticky;top:0;z-index:5;background:var(--card);border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
nav .wrap{padding-top:8px;padding-bottom:8px}
nav ul{display:flex;gap:2px;flex-wrap:wrap;margin-left:-10px}
nav a{display:block;padding:4px 10px;border-radius:6px;text-decoration:none;color:var(--ink);font-size:14px;white-space:nowrap}
nav a:hover{background:var(--mute-bg)}
.n{color:var(--soft);font-weight:400;font-size:.86em;font-variant-numeric:tabular-nums}
#search{display:flex;gap:8px 18px;flex-wrap:wrap;align-items:center;margin-top:8px}
#q{flex:1 1 280px;max-width:460px;font:inherit;font-size:14px;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:8px;padding:6px 12px}
fieldset{border:0;margin:0;padding:0;display:flex;gap:12px;flex-wrap:wrap;font-size:13.5px}
fieldset label{display:flex;gap:5px;align-items:center;cursor:pointer}
#found{font-size:13.5px;color:var(--soft)}
main section{margin-top:30px}
#summary{margin-top:22px}
h2{font-size:20px;margin-bottom:12px;letter-spacing:-.005em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(128px,1fr));gap:10px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 14px;border-left:4px solid var(--tone,var(--line))}
.tile dt{color:var(--soft);font-size:13px}
.tile dd{font-size:25px;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums;color:var(--tone,inherit)}
.tile.zero dd{color:var(--soft);font-weight:400}
.box{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--tone,var(--link));border-radius:10px;padding:12px 16px;margin-top:12px;overflow-wrap:anywhere}
.box h3{font-size:14px;margin-bottom:2px}
.box li{list-style:disc;margin-left:18px}
.box p{white-space:pre-wrap}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;margin-bottom:10px;content-visibility:auto;contain-intrinsic-size:auto 76px}
.card>summary{padding:11px 16px;cursor:pointer;display:grid;grid-template-columns:auto 1fr auto;gap:2px 12px;align-items:baseline}
.card>summary::after{content:"▸";color:var(--soft);grid-row:1;grid-column:3}
.card[open]>summary::after{content:"▾"}
summary::-webkit-details-marker{display:none}
.card>summary{list-style:none}
.card .badge{justify-self:start}
.card h3{font-size:15.5px;font-weight:600;overflow-wrap:anywhere;grid-column:2}
.where{grid-column:2;color:var(--soft);font-size:13.5px;overflow-wrap:anywhere}
.body{border-top:1px solid var(--line);padding:14px 16px}
.body>*+*{margin-top:12px}
pre{margin:0;background:var(--code);border:1px solid var(--line);border-radius:8px;padding:10px 14px;overflow:auto;max-height:460px;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.45;tab-size:4}
pre.message{border-left:4px solid var(--bad);color:var(--ink)}
[data-s=flaky] pre.message{border-left-color:var(--warn)}[data-s=not_run] pre.message{border-left-color:var(--lost)}
.diff figcaption{font-size:13px;margin-bottom:4px;display:flex;gap:14px;font-weight:600}
.diff pre{padding:8px 0}
.diff pre>*{display:inline-block;width:100%;padding:0 14px;text-decoration:none}
.diff .same,.diff .gap{color:var(--soft)}
figcaption .del,.diff del{color:var(--bad)}figcaption .ins,.diff ins{color:var(--good)}
.diff del{background:var(--bad-bg)}.diff ins{background:var(--good-bg)}
.diff mark{color:inherit;background:var(--mark-del);border-radius:2px}.diff ins mark{background:var(--mark-ins)}
.fold>summary{cursor:pointer;font-size:14px;font-weight:600;color:var(--soft);padding:2px 0}
.fold small{font-weight:400}
.fold[open]>summary{margin-bottom:6px}
.scroll{overflow-x:auto}
table{border-collapse:separate;border-spacing:0;width:100%;font-size:14px;background:var(--card);border:1px solid var(--line);border-radius:10px}
caption{text-align:left;font-size:14px;font-weight:600;color:var(--soft);padding:2px 0 6px}
th,td{text-align:left;padding:7px 12px;border-bottom:1px solid var(--line);vertical-align:top}
tbody tr:last-child>*{border-bottom:0}
thead th{font-size:12.5px;font-weight:600;color:var(--soft);white-space:nowrap}
tbody th{font-weight:600}
td,tbody th{overflow-wrap:break-word}
tbody th small{font-weight:400}.attempts td:last-child{min-width:180px}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.slow td{padding-top:4px;padding-bottom:4px}.slow .num{width:90px}.slow .meter{width:26%;min-width:90px}
.meter svg{display:block;width:100%;height:10px;margin-top:6px}.meter rect{fill:var(--link)}
.timeline{display:block;width:100%;min-width:720px;height:auto;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.timeline text{font-size:11px;fill:var(--ink)}
.timeline .tick{fill:var(--soft);text-anchor:middle}.timeline .busy{fill:var(--soft)}.timeline .runner{font-weight:600;font-size:12px}
.grid{stroke:var(--line)}
.batch rect{fill:var(--mute-bg);stroke:var(--tone,var(--mute));stroke-width:1.2}
.batch.good rect{fill:var(--good-bg)}.batch.bad rect{fill:var(--bad-bg)}.batch.lost rect{fill:var(--lost-bg)}
.batch.rerun rect{stroke-dasharray:4 2}
.batch text{pointer-events:none}
.timeline+.fold,.scroll+.fold{margin-top:10px}
.group{background:var(--card);border:1px solid var(--line);border-radius:8px;margin-bottom:6px;content-visibility:auto;contain-intrinsic-size:auto 40px}
.group>summary{padding:8px 14px;cursor:pointer;overflow-wrap:anywhere}
.counts{font-size:13px;margin-left:8px;white-space:nowrap}.counts span{margin-right:8px}
.group b,.rows b{font-weight:400;color:var(--soft);font-variant-numeric:tabular-nums}
.rows{padding:2px 14px 10px 32px;font-size:14px}
.rows li{padding:1px 0;overflow-wrap:anywhere}
.rows b{font-size:12.5px;margin-left:6px}
.more{color:var(--soft);font-size:14px;padding:4px 0}
.env{display:grid;grid-template-columns:minmax(120px,max-content) 1fr;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:8px 16px;font-size:14px}
.env dt{color:var(--soft);padding:4px 24px 4px 0}.env dd{padding:4px 0;overflow-wrap:anywhere}
footer{color:var(--soft);font-size:13px;padding-top:34px!important;padding-bottom:40px!important}
@media (max-width:640px){.wrap{padding:0 14px}nav{position:static}html{scroll-padding-top:0}h1{font-size:24px}.env{grid-template-columns:1fr}.env dd{padding-top:0}.card>summary{grid-template-columns:1fr auto}.card h3,.where{grid-column:1}.card>summary::after{grid-column:2}}
@media print{:root{--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--code:#fff}body{font-size:11pt}nav,.skip{display:none}.card,.group{content-visibility:visible;break-inside:avoid-page}.card[open]{break-inside:auto}pre{max-height:none}.wrap{max-width:none;padding:0}#tests .group:not([open]){break-inside:avoid}.scroll{overflow:visible}.timeline{min-width:0}}
`;

export const SCRIPT = `
(() => {
  'use strict';
  const form = document.getElementById('search');
  const box = document.getElementById('q');
  const found = document.getElementById('found');
  const checks = [...form.querySelectorAll('input[type=checkbox]')];
  const items = [...document.querySelectorAll('[data-s]')];
  const groups = [...document.querySelectorAll('.group')];
  const wasOpen = new Map(groups.map((g) => [g, g.open]));
  const texts = new Map();
  const textOf = (item) => {
    let text = texts.get(item);
    if (text === undefined) {
      const group = item.closest('.group');
      text = (item.textContent + ' ' + (group ? group.firstElementChild.textContent : '')).toLowerCase();
      texts.set(item, text);
    }
    return text;
  };
  const apply = () => {
    const wanted = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const statuses = new Set(checks.filter((c) => c.checked).map((c) => c.value));
    const active = wanted.length > 0 || statuses.size < checks.length;
    let rows = 0;
    let shown = 0;
    for (const item of items) {
      const hit = statuses.has(item.dataset.s) && wanted.every((w) => textOf(item).includes(w));
      item.hidden = !hit;
      if (item.localName === 'li') {
        rows++;
        if (hit) shown++;
      }
    }
    for (const group of groups) {
      const hits = group.querySelectorAll('li:not([hidden])').length;
      group.hidden = hits === 0;
      group.open = active ? hits > 0 && shown <= 400 : wasOpen.get(group);
    }
    found.textContent = active ? shown.toLocaleString('en') + ' of ' + rows.toLocaleString('en') + ' listed tests match' : '';
  };
  let timer = 0;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(apply, 120);
  };
  form.hidden = false;
  form.addEventListener('submit', (event) => event.preventDefault());
  box.addEventListener('input', soon);
  for (const check of checks) check.addEventListener('change', soon);
  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && document.activeElement !== box && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      box.focus();
    } else if (event.key === 'Escape' && document.activeElement === box) {
      box.value = '';
      apply();
    }
  });
  const reveal = () => {
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener('hashchange', reveal);
  reveal();
  let closed = [];
  addEventListener('beforeprint', () => {
    closed = [...document.querySelectorAll('#failures details:not([open]), #flaky details:not([open]), #not-run details:not([open])')];
    for (const d of closed) d.open = true;
  });
  addEventListener('afterprint', () => {
    for (const d of closed) d.open = false;
  });
})();
`;

export const STYLE_SHA256 = 'sha256-JXkxXcAu7FJl+f6zal5hb53TsWsSScXcv6gVt/JGoMk=';
export const SCRIPT_SHA256 = 'sha256-V7ex/jAUf4IAfgQvpUZiiWDvlwOAOaJwKbFzijiRPLo=';
