define([], function () {
var GrafikFigures = (() => {
  var __defProp = Object.defineProperty;
  var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
  var __getOwnPropNames = Object.getOwnPropertyNames;
  var __hasOwnProp = Object.prototype.hasOwnProperty;
  var __export = (target, all) => {
    for (var name in all)
      __defProp(target, name, { get: all[name], enumerable: true });
  };
  var __copyProps = (to, from, except, desc) => {
    if (from && typeof from === "object" || typeof from === "function") {
      for (let key of __getOwnPropNames(from))
        if (!__hasOwnProp.call(to, key) && key !== except)
          __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
    }
    return to;
  };
  var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

  // src/figures.js
  var figures_exports = {};
  __export(figures_exports, {
    AnalyticsPage: () => AnalyticsPage,
    SetupPage: () => SetupPage
  });

  // src/answers.js
  var rows = (value) => Array.isArray(value);
  var words = (value) => typeof value === "string";
  var hasResults = (answer) => rows(answer.results);
  var isChoices = (answer) => words(answer.today);
  var isSummary = (answer) => words(answer.received) && rows(answer.by_period);
  var isAging = (answer) => rows(answer.buckets);
  var isJob = (answer) => words(answer.state);
  var isSetup = (answer) => [answer.findings, answer.fields, answer.pipelines, answer.bots].every(rows) && Boolean(answer.rules && answer.connection);

  // src/api.js
  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // src/dates.js
  function formatDay(iso) {
    const parts = /^(\d{4})-(\d{2})-(\d{2})/.exec(String(iso));
    return parts ? `${parts[3]}.${parts[2]}.${parts[1]}` : "";
  }
  function parseDay(typed) {
    const text = String(typed).trim();
    const local = /^(\d{1,2})[.,/](\d{1,2})[.,/](\d{4}|\d{2})$/.exec(text);
    const parts = local ? [local[3], local[2], local[1]] : text.split("-");
    if (parts.length !== 3 || !parts.every((part) => /^\d+$/.test(part))) return null;
    const [year, month, day2] = parts.map(Number);
    const date = new Date(Date.UTC(year < 100 ? 2e3 + year : year, month - 1, day2));
    return date.getUTCMonth() === month - 1 && date.getUTCDate() === day2 ? date.toISOString().slice(0, 10) : null;
  }

  // src/html.js
  var ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "`": "&#96;" };
  var Markup = class {
    constructor(text) {
      this.text = text;
    }
    toString() {
      return this.text;
    }
  };
  function html(strings, ...values) {
    let text = strings[0];
    values.forEach((value, index) => {
      text += render(value) + strings[index + 1];
    });
    return new Markup(text);
  }
  function href(address) {
    return /^https?:\/\//i.test(String(address)) ? String(address) : "#";
  }
  function render(value) {
    if (value === null || value === void 0 || value === false || value === true) return "";
    if (value instanceof Markup) return value.text;
    if (Array.isArray(value)) return value.map(render).join("");
    return String(value).replace(/[&<>"'`]/g, (sign) => ESCAPES[sign]);
  }

  // src/views/controls.js
  var ICON_PATHS = {
    copy: "M7 7V4h9v9h-3M4 7h9v9H4z",
    warning: "M10 3.5 17.5 16.5h-15zM10 8v4.2M10 14v.6",
    check: "M4 10.5 8.2 14.5 16 6",
    chevron: "M6 8l4 4 4-4",
    calendar: "M4 5.5h12v10.5H4zM4 9h12M7 3.5v3M13 3.5v3",
    cross: "M5 5l10 10M15 5 5 15",
    qr: "M4 4h5v5H4zM11 4h5v5h-5zM4 11h5v5H4zM11 11h2v2h-2zM14.5 11H16v1.5M14 14h2v2h-2zM11 15v1",
    chart: "M4 16V9M9 16V4M14 16v-6M3 16h14",
    history: "M10 5.5V10l3 2M3.5 10a6.5 6.5 0 1 0 2-4.7L3.5 7.2M3.5 3.5v3.7h3.7"
  };
  function icon(name) {
    return html`<svg class="grafik-icon" viewBox="0 0 20 20" width="16" height="16" aria-hidden="true" focusable="false"><path d="${ICON_PATHS[name]}" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
  }
  function button({ action, id = "", label, kind = "neutral", busy = false, name = "", before = "" }) {
    return html`<button type="button" class="grafik-button grafik-button_${kind}${busy ? " grafik-button_busy" : ""}"
    data-action="${action}" data-id="${id}" data-key="${action}:${id}"${name ? html` aria-label="${name}"` : ""}${busy ? html` aria-busy="true"` : ""}><span class="grafik-button__label">${before}${label}</span></button>`;
  }
  function pill(tone, text) {
    return html`<span class="grafik-pill grafik-pill_${tone}">${text}</span>`;
  }
  function link(address, label) {
    return html`<a class="grafik-link" href="${href(address)}" target="_blank" rel="noopener noreferrer">${label}</a>`;
  }

  // src/dialogs/fields.js
  function inputField({ name, label, value = "", type = "text", mode = "", suffix = "", hint = "", first = false, min = "", max = "" }) {
    return field({
      name,
      label,
      hint,
      control: html`<span class="grafik-input${suffix ? " grafik-input_suffix" : ""}"><input class="grafik-input__box" id="grafik-${name}" name="${name}" type="${type}" value="${value}"
      aria-describedby="grafik-${name}-error"${mode && html` inputmode="${mode}"`}${min && html` min="${min}"`}${max && html` max="${max}"`}${first && html` data-autofocus`}>${suffix && html`<span class="grafik-input__suffix" aria-hidden="true">${suffix}</span>`}</span>`
    });
  }
  function dateField({ t, name, label, value = "", hint = "" }) {
    return field({
      name,
      label,
      hint,
      control: html`<span class="grafik-input grafik-input_suffix"><input class="grafik-input__box" id="grafik-${name}" name="${name}" type="text" value="${formatDay(value)}" inputmode="numeric"
      maxlength="10" placeholder="${t("schedule.day_example")}" aria-describedby="grafik-${name}-error"><input class="grafik-input__native" type="date" data-picker="${name}" value="${value}" tabindex="-1" aria-hidden="true">
      <button type="button" class="grafik-input__pick" data-action="pick" data-id="${name}" aria-label="${label}: ${t("schedule.pick")}">${icon("calendar")}</button></span>`
    });
  }
  function connectPickers(form) {
    form.addEventListener("click", (event) => {
      const button2 = event.target.closest('[data-action="pick"]');
      if (!button2) return;
      const native = form.querySelector(`[data-picker="${button2.dataset.id}"]`);
      native.value = parseDay(form.elements[button2.dataset.id].value) || "";
      if (native.showPicker) native.showPicker();
    });
    form.addEventListener("change", (event) => {
      const name = event.target.dataset.picker;
      if (!name || !event.target.value) return;
      const box = form.elements[name];
      box.value = formatDay(event.target.value);
      box.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  function selectField({ name, label, options, value = "", hint = "", id = name }) {
    const rows2 = options.map(([key, text]) => html`<option value="${key}"${key === value && html` selected`}>${text}</option>`);
    return field({
      name,
      id,
      label,
      hint,
      control: html`<span class="grafik-input"><select class="grafik-input__box" id="grafik-${id}" name="${name}" aria-describedby="grafik-${id}-error">${rows2}</select></span>`
    });
  }
  function field({ name, id = name, label, hint, control }) {
    return html`<div class="grafik-field" data-field="${name}"><label class="grafik-field__label" for="grafik-${id}">${label}</label>${control}
    ${hint && html`<span class="grafik-hint">${hint}</span>`}<span class="grafik-field__error" id="grafik-${id}-error"></span></div>`;
  }
  function showFieldErrors(form, errors, focus = true) {
    clearFieldErrors(form);
    const left = [];
    let first = null;
    Object.keys(errors).forEach((name) => {
      const place = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
      if (!place) {
        left.push(errors[name]);
        return;
      }
      place.querySelector(".grafik-field__error").textContent = errors[name];
      const box = place.querySelector(".grafik-input__box");
      box.setAttribute("aria-invalid", "true");
      first = first || box;
    });
    if (first && focus) first.focus();
    return left;
  }
  function clearFieldErrors(form) {
    form.querySelectorAll(".grafik-field__error").forEach((place) => {
      place.textContent = "";
    });
    form.querySelectorAll("[aria-invalid]").forEach((box) => box.removeAttribute("aria-invalid"));
  }

  // src/problems.js
  function explain(t, error) {
    if (error.status === 0) return { text: t("problem.offline"), retry: true };
    if (error.status === 401) return { text: t("problem.unauthorized"), retry: true };
    if (error.unknown) return { text: t("problem.broken"), retry: true };
    const detail = error.problem && (error.problem.detail || error.problem.title);
    const own = t.known(`problem.status_${error.status}`);
    return { text: detail || own || t("problem.broken"), retry: error.status === 429 || error.status >= 500 };
  }
  function fieldErrors(error) {
    const flat = {};
    Object.keys(error.fields).forEach((name) => {
      flat[name] = sentences(error.fields[name]).join(" ");
    });
    return flat;
  }
  function sentences(value) {
    if (Array.isArray(value)) return value.flatMap(sentences);
    if (value && typeof value === "object") {
      return "message" in value ? [String(value.message)] : Object.values(value).flatMap(sentences);
    }
    return [String(value)];
  }

  // src/analytics/workbook.js
  var FIRST_LOOK_MS = 400;
  var LOOK_MS = 1200;
  async function makeWorkbook({ api, question, key, alive, tell }) {
    const body = Object.fromEntries(Object.entries(question).filter(([, value]) => value !== ""));
    let job = await api.send("POST", "analytics/exports/", body, key, isJob);
    let wait = FIRST_LOOK_MS;
    while (job.state !== "done") {
      if (job.state === "failed" || !alive()) throw new Error(job.detail || "");
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = LOOK_MS;
      job = await api.get(`analytics/exports/${job.id}/`, isJob);
      tell(job.progress);
    }
    return job.url;
  }

  // src/analytics/periods.js
  var PRESETS = ["month", "last_month", "quarter", "year", "all", "own"];
  var FIRST_PRESET = "year";
  function periodOf(preset, today) {
    const [year, month] = today.split("-").map(Number);
    const quarter = month - (month - 1) % 3;
    const spans = {
      month: [day(year, month), day(year, month + 1, 0)],
      last_month: [day(year, month - 1), day(year, month, 0)],
      quarter: [day(year, quarter), day(year, quarter + 3, 0)],
      year: [day(year, 1), day(year, 13, 0)]
    };
    const [from, to] = spans[preset] || ["", ""];
    return { from, to };
  }
  function ownPeriod(typed) {
    const from = typed.from ? parseDay(typed.from) : "";
    const to = typed.to ? parseDay(typed.to) : "";
    const errors = {};
    if (from === null) errors.from = "wrong_day";
    if (to === null) errors.to = "wrong_day";
    else if (from && to && from > to) errors.to = "ends_before";
    return Object.keys(errors).length ? { errors } : { from, to };
  }
  function knownDay(typed, today) {
    const day2 = typed ? parseDay(typed) : "";
    if (day2 === null) return { errors: { known_at: "wrong_day" } };
    if (day2 > today) return { errors: { known_at: "not_yet" } };
    return { as_of: day2, known_at: day2 };
  }
  function queryOf(asked2) {
    const pairs = Object.entries(asked2).filter(([, value]) => value !== "" && value !== null && value !== void 0);
    return pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  }
  function day(year, month, number2 = 1) {
    return new Date(Date.UTC(year, month - 1, number2)).toISOString().slice(0, 10);
  }

  // src/money.js
  var NBSP = " ";
  function toKopecks(amount) {
    const parts = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(String(amount));
    if (!parts) throw new Error(`not a sum of money: ${amount}`);
    const kopecks = BigInt(parts[2]) * 100n + BigInt((parts[3] || "").padEnd(2, "0"));
    return parts[1] ? -kopecks : kopecks;
  }
  function toAmount(kopecks) {
    const sign = kopecks < 0n ? "-" : "";
    const absolute = kopecks < 0n ? -kopecks : kopecks;
    return `${sign}${absolute / 100n}.${String(absolute % 100n).padStart(2, "0")}`;
  }
  function formatMoney(amount) {
    return `${formatNumber(amount)}${NBSP}₽`;
  }
  function formatNumber(amount) {
    const [whole, cents] = toAmount(toKopecks(amount)).split(".");
    const grouped = whole.replace("-", "−").replace(/\B(?=(\d{3})+$)/g, NBSP);
    return cents === "00" ? grouped : `${grouped},${cents}`;
  }
  function isPositive(amount) {
    return toKopecks(amount) > 0n;
  }

  // src/views/callout.js
  function callout(tone, text, way = "") {
    return html`<div class="grafik-callout grafik-callout_${tone}">${icon(tone === "success" ? "check" : "warning")}<div class="grafik-callout__body"><div>${text}</div>${way}</div></div>`;
  }

  // src/analytics/chart.js
  var HEIGHT = 220;
  var TOP = 12;
  var BOTTOM = 28;
  var LEFT = 64;
  var SERIES = ["received", "overdue", "expected"];
  var MARKS = 5;
  var NARROWEST_LABEL = 44;
  function chartView({ t, months, width }) {
    const { top, marks } = scale(Math.max(...months.map(heightOf), 1));
    const room = { left: LEFT, width: width - LEFT, height: HEIGHT - TOP - BOTTOM };
    const step = room.width / months.length;
    const every = Math.ceil(NARROWEST_LABEL / step);
    const label = t("analytics.chart_label", { count: t.count("analytics.months", months.length) });
    return html`<svg class="grafik-chart" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" height="${HEIGHT}" role="img" aria-label="${label}">
    ${marks.map((mark) => gridLine(t, mark, top, room, width))}
    ${months.map((month, index) => bar(t, month, { x: LEFT + step * index, step, top, room }))}
    ${months.map((month, index) => index % every === 0 && html`<text class="grafik-chart__label" x="${round(LEFT + step * (index + 0.5))}" y="${HEIGHT - 8}" text-anchor="middle">${monthLabel(t, month.from, index === 0)}</text>`)}
  </svg>`;
  }
  function legendView(t) {
    return html`<ul class="grafik-legend">${SERIES.map((name) => html`<li><span class="grafik-legend__mark grafik-legend__mark_${name}" aria-hidden="true"></span>${t(`analytics.${name}`)}</li>`)}</ul>`;
  }
  function monthLabel(t, iso, first) {
    const [year, month] = iso.split("-");
    const name = t(`analytics.month_${Number(month)}`);
    return first || month === "01" ? `${name} ${year.slice(2)}` : name;
  }
  function scale(value) {
    const rough = value / MARKS;
    const power = Math.max(1, 10 ** Math.floor(Math.log10(rough)));
    const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999999);
    const count = Math.ceil(value / step * 0.999999);
    return { top: step * count, marks: Array.from({ length: count + 1 }, (_, index) => step * index) };
  }
  function shortSum(t, roubles2) {
    const [divisor, unit] = roubles2 >= 1e6 ? [1e6, "analytics.millions"] : [1e3, "analytics.thousands"];
    if (roubles2 < 1e3) return String(Math.round(roubles2));
    return t(unit, { n: String(Math.round(roubles2 / divisor * 100) / 100).replace(".", ",") });
  }
  function gridLine(t, mark, top, room, width) {
    const y = round(TOP + room.height * (1 - mark / top));
    return html`<line class="grafik-chart__grid" x1="${LEFT}" x2="${width}" y1="${y}" y2="${y}"/><text class="grafik-chart__label" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${shortSum(t, mark)}</text>`;
  }
  function bar(t, month, { x, step, top, room }) {
    const thick = Math.max(2, Math.min(48, step * 0.62));
    let base = TOP + room.height;
    const parts = SERIES.map((name) => {
      const height = Math.max(0, roubles(month[name])) / top * room.height;
      if (height < 0.5) return "";
      base -= height;
      const inset = name === "expected" ? 0.75 : 0;
      return html`<rect class="grafik-chart__${name}" x="${round(x + (step - thick) / 2 + inset)}" y="${round(base + inset)}" width="${round(thick - 2 * inset)}" height="${round(Math.max(0, height - 2 * inset))}"/>`;
    });
    const words2 = SERIES.map((name) => `${t(`analytics.${name}`)}: ${formatMoney(month[name])}`).join("\n");
    return html`<g><rect class="grafik-chart__hit" x="${round(x)}" y="${TOP}" width="${round(step)}" height="${room.height}"/><title>${monthLabel(t, month.from, true)}\n${words2}</title>${parts}</g>`;
  }
  function heightOf(month) {
    return SERIES.reduce((sum, name) => sum + Math.max(0, roubles(month[name])), 0);
  }
  function roubles(amount) {
    return Number(toKopecks(amount)) / 100;
  }
  function round(number2) {
    return Math.round(number2 * 100) / 100;
  }

  // src/analytics/views.js
  var TABS = ["received", "expected", "overdue"];
  var GROUPS = ["programme", "cohort", "manager", "location", "legal_entity"];
  var REGIONS = ["figures", "chart", "groups", "aging", "list"];
  function frameView(t) {
    return html`<div class="grafik-page">
    <header class="grafik-page__head"><h2 class="grafik-page__title">${t("advanced.title")}</h2><div data-region="excel"></div></header>
    <form class="grafik-filters" data-region="filters" novalidate></form>
    <div class="grafik-page__body">${REGIONS.map((name) => html`<section class="grafik-region grafik-region_${name}" data-region="${name}"></section>`)}</div>
  </div>`;
  }
  function excelView(t, { busy, progress }) {
    return html`<div class="grafik-page__tools">
    ${button({ action: "excel", id: "registry", kind: "link", label: t("analytics.registry"), busy: busy === "registry" })}
    ${button({ action: "excel", id: "payments", kind: "primary", label: t("analytics.excel"), busy: busy === "payments" })}
    <span class="grafik-hidden" role="status">${busy && t("analytics.making", { progress })}</span>
  </div>`;
  }
  function filtersView({ t, choices, asked: asked2, preset }) {
    return html`<fieldset class="grafik-tabs"><legend class="grafik-hidden">${t("analytics.period")}</legend>${PRESETS.map((name) => html`<label class="grafik-tab"><input type="radio" name="preset" value="${name}"${name === preset && html` checked`}><span>${t(`analytics.preset_${name}`)}</span></label>`)}</fieldset>
    <div class="grafik-filters__fields">
      ${preset === "own" && [dateField({ t, name: "from", label: t("analytics.from"), value: asked2.from }), dateField({ t, name: "to", label: t("analytics.to"), value: asked2.to })]}
      ${GROUPS.filter((name) => choices[name].length > 1 || asked2[name]).map((name) => selectField({ name, label: t(`analytics.group_${name}`), options: optionsOf(t, choices[name]), value: asked2[name] || "" }))}
      ${dateField({ t, name: "known_at", label: t("analytics.known_at"), value: asked2.known_at || "" })}
    </div>`;
  }
  function optionsOf(t, values) {
    return [["", t("analytics.any")], ...values.map((one) => [String(one.value), one.name])];
  }
  function figuresView(t, summary, known = "") {
    const share = summary.on_time_share === null ? "—" : `${formatShare(summary.on_time_share)} %`;
    return html`${known && knownView(t, known)}<dl class="grafik-numbers">
    ${number(t("analytics.received"), formatMoney(summary.received), "received")}
    ${number(t("analytics.expected"), formatMoney(summary.expected), "expected", nextMonth(t, summary.forecast))}
    ${number(t("analytics.overdue"), formatMoney(summary.overdue), isPositive(summary.overdue) ? "overdue" : "none")}
    ${number(t("analytics.on_time"), share, "on_time", t("analytics.on_time_hint"))}
  </dl>`;
  }
  function knownView(t, known) {
    return callout("warning", t("analytics.known_then", { day: formatDay(known) }), button({ action: "now", kind: "link", label: t("analytics.known_now") }));
  }
  function number(label, value, name, hint = "") {
    return html`<div class="grafik-number grafik-number_${name}"><dt>${label}</dt><dd data-figure="${name}">${value}</dd>${hint && html`<dd class="grafik-number__hint">${hint}</dd>`}</div>`;
  }
  function formatShare(share) {
    return String(Math.floor(share * 1e3) / 10).replace(".", ",");
  }
  function nextMonth(t, forecast) {
    const next = forecast[1];
    return next ? t("analytics.next_month", { sum: formatMoney(next.expected) }) : "";
  }
  function monthsView({ t, months, width }) {
    if (!months.length) return html`${title(t("analytics.by_month"))}<p class="grafik-hint">${t("analytics.nothing")}</p>`;
    return html`<div class="grafik-region__head">${title(t("analytics.by_month"))}${legendView(t)}</div>
    ${chartView({ t, months, width })}
    <details class="grafik-more"><summary>${t("analytics.as_table")}</summary>${figuresTable(t, t("analytics.month"), months.map((one) => ({ ...one, name: monthLabel(t, one.from, true) })))}</details>`;
  }
  function groupsView({ t, summary, group }) {
    const tabs = GROUPS.filter((name) => name === group || summary.by_group[name].some((one) => one.value !== null));
    const rows2 = summary.by_group[group];
    return html`<div class="grafik-region__head">${title(t("analytics.groups"))}
    <div class="grafik-switch" role="group" aria-label="${t("analytics.groups")}">${tabs.map((name) => switchButton("group", name, t(`analytics.group_${name}`), name === group))}</div></div>
    ${rows2.length ? figuresTable(t, t(`analytics.group_${group}`), rows2.map((one) => ({ ...one, name: one.name || t("analytics.unknown"), pick: one.value === null ? "" : `${group}:${one.value}` }))) : html`<p class="grafik-hint">${t("analytics.nothing")}</p>`}`;
  }
  function figuresTable(t, caption, rows2) {
    const whole = (row) => TABS.reduce((sum, name) => sum + positive(row[name]), 0n);
    const most = rows2.reduce((top, row) => whole(row) > top ? whole(row) : top, 1n);
    const head = [caption, ...TABS.map((name) => t(`analytics.${name}`))];
    return html`<table class="grafik-table grafik-table_figures"><thead><tr>${head.map((text, index) => html`<th scope="col"${index > 0 && html` class="grafik-table__sum"`}>${text}</th>`)}</tr></thead>
    <tbody>${rows2.map((row) => html`<tr><th scope="row">${row.pick ? button({ action: "pick", id: row.pick, label: row.name, kind: "link" }) : row.name}<span class="grafik-share" aria-hidden="true">${TABS.map((name) => html`<span class="grafik-share__${name}" style="width:${Number(positive(row[name]) * 1000n / most) / 10}%"></span>`)}</span></th>
      ${TABS.map((name, index) => html`<td class="grafik-table__sum${name === "overdue" && isPositive(row[name]) ? " grafik-tone_error" : ""}" data-label="${head[index + 1]}">${formatMoney(row[name])}</td>`)}</tr>`)}</tbody></table>`;
  }
  function positive(amount) {
    const kopecks = toKopecks(amount);
    return kopecks > 0n ? kopecks : 0n;
  }
  function agingView(t, aging) {
    if (!isPositive(aging.total)) return html`${title(t("analytics.aging"))}<p class="grafik-hint">${t("analytics.no_debt")}</p>`;
    const total = toKopecks(aging.total);
    const rows2 = aging.buckets.map((one) => html`<li class="grafik-aging__row"><span>${t("analytics.days", { range: one.bucket.replace("-", "–") })}</span>
    <span class="grafik-aging__bar" aria-hidden="true"><span style="width:${Number(toKopecks(one.amount) * 1000n / total) / 10}%"></span></span><span class="grafik-row__sum">${formatMoney(one.amount)}</span></li>`);
    return html`<div class="grafik-region__head">${title(t("analytics.aging"))}${button({ action: "excel", id: "aging", kind: "link", label: t("analytics.aging_excel") })}</div>
    <ul class="grafik-aging">${rows2}</ul>
    <p class="grafik-aging__total"><span>${t("analytics.debtors", { count: t.count("analytics.deals", aging.deals) })}</span><b>${formatMoney(aging.total)}</b></p>`;
  }
  function listView({ t, tab, summary, rows: rows2, more, busy, dealUrl }) {
    const tabs = TABS.map((name) => switchButton("tab", name, html`${t(`analytics.${name}`)} <span class="grafik-switch__sum">${formatMoney(summary[name])}</span>`, name === tab));
    return html`<div class="grafik-switch grafik-switch_tabs" role="group" aria-label="${t("analytics.rows")}">${tabs}</div>
    ${rows2.length ? rowsTable(t, tab, rows2, dealUrl) : html`<p class="grafik-hint grafik-region__empty">${t(`analytics.no_${tab}`)}</p>`}
    ${more && html`<div class="grafik-region__more">${button({ action: "more", label: t("analytics.more"), busy: busy === "more" })}</div>`}`;
  }
  function rowsTable(t, tab, rows2, dealUrl) {
    const head = ["day", "client", "course", "manager", tab === "received" ? "method" : "number", "sum"];
    return html`<table class="grafik-table grafik-table_rows"><thead><tr>${head.map((name) => html`<th scope="col"${name === "sum" && html` class="grafik-table__sum"`}>${t(`analytics.column_${name}`)}</th>`)}</tr></thead>
    <tbody>${rows2.map((row) => tab === "received" ? operationRow(t, row, dealUrl) : openRow(t, row, dealUrl))}</tbody></table>`;
  }
  function operationRow(t, row, dealUrl) {
    const refund = row.kind === "refund";
    const method = t.known(`method.${row.method}`) || row.method;
    return html`<tr data-row="${row.kind}-${row.id}"><td>${formatDay(row.on)}</td>${dealCells(row, dealUrl)}
    <td>${refund ? html`<span class="grafik-tone_warning">${t("analytics.refund")}</span>` : method}</td>
    <td class="grafik-table__sum${refund ? " grafik-tone_warning" : ""}">${formatMoney(row.amount)}</td></tr>`;
  }
  function openRow(t, row, dealUrl) {
    const part = row.amount !== row.of && t("analytics.of", { sum: formatMoney(row.of) });
    const late = row.days_late > 0 && html`<small class="grafik-tone_error">${t("analytics.late", { days: t.count("analytics.day", row.days_late) })}</small>`;
    return html`<tr data-row="row-${row.id}"><td>${formatDay(row.due_on)}${late}</td>${dealCells(row, dealUrl)}
    <td>${t("analytics.payment_number", { n: row.number })}</td>
    <td class="grafik-table__sum">${formatMoney(row.amount)}${part && html`<small>${part}</small>`}</td></tr>`;
  }
  function dealCells(row, dealUrl) {
    const course = [row.programme, row.cohort, row.location_name].filter(Boolean).join(" · ");
    return html`<td class="grafik-table__client">${link(dealUrl(row.lead_id), row.contact || row.deal || `#${row.lead_id}`)}${row.contact && html`<small>${row.deal}</small>`}</td><td>${course}</td><td>${row.manager_name}</td>`;
  }
  function switchButton(what, name, label, on) {
    return html`<button type="button" class="grafik-switch__button${on ? " grafik-switch__button_on" : ""}" data-action="${what}" data-id="${name}" data-key="${what}:${name}" aria-pressed="${on ? "true" : "false"}">${label}</button>`;
  }
  function title(text) {
    return html`<h3 class="grafik-region__title">${text}</h3>`;
  }
  function waitingView(t) {
    return html`<div class="grafik-panel_loading" role="status"><span class="grafik-ring" aria-hidden="true"></span><span>${t("analytics.loading")}</span></div>`;
  }
  function failedView(t, text, retry) {
    return callout("error", text, retry && button({ action: "reload", label: t("panel.retry") }));
  }

  // src/analytics/page.js
  var RESIZED_MS = 150;
  var DRAWN = ["figures", "chart", "groups", "aging", "list"];
  var ROWS = 25;
  var CHART_EDGES = 34;
  var AnalyticsPage = class {
    /** deps: {root, api, t, notify: {done, problem}, dealUrl(leadId)? (else the server's), download(url), unauthorized? (words)} */
    constructor(deps) {
      Object.assign(this, deps);
      this.ui = { preset: FIRST_PRESET, tab: "received", group: "programme", making: "", progress: 0, more: "" };
      this.asked = {};
      this.turn = 0;
      this.alive = true;
      this.onClick = (event) => this.clicked(event);
      this.onChange = (event) => this.changed(event);
      this.onResize = () => {
        clearTimeout(this.resized);
        this.resized = setTimeout(() => this.alive && this.summary && this.chartWidth() !== this.drawnWidth && this.drawChart(), RESIZED_MS);
      };
    }
    start() {
      this.root.innerHTML = String(frameView(this.t));
      this.form = this.region("filters");
      this.root.addEventListener("click", this.onClick);
      connectPickers(this.form);
      this.form.addEventListener("change", this.onChange);
      this.form.addEventListener("submit", (event) => event.preventDefault());
      this.widths = new ResizeObserver(this.onResize);
      this.widths.observe(this.region("chart").parentNode);
      this.begin();
    }
    stop() {
      this.alive = false;
      clearTimeout(this.resized);
      this.widths?.disconnect();
      this.root.removeEventListener("click", this.onClick);
    }
    // what is known
    /** The filters' choices and the account's day come first: a period needs to know which day it is. */
    begin() {
      this.draw("figures", waitingView(this.t));
      this.api.get("analytics/filters/", isChoices).then(
        (choices) => {
          if (!this.alive) return;
          this.choices = choices;
          this.dealUrl = this.dealUrl || ((id) => choices.deal_url + id);
          Object.assign(this.asked, periodOf(this.ui.preset, choices.today));
          this.drawFilters();
          this.load();
        },
        (error) => this.alive && this.failed(error)
      );
    }
    load() {
      const mine = this.nextTurn();
      this.veil(true);
      const query = queryOf(this.asked);
      const asked2 = [
        [`analytics/summary/?${query}`, isSummary],
        [`analytics/aging/?${query}`, isAging],
        [this.listAddress(), hasResults]
      ];
      Promise.all(asked2.map(([path, fits]) => this.api.get(path, fits))).then(
        ([summary, aging, list]) => this.current(mine) && this.accept(summary, aging, list),
        (error) => this.current(mine) && this.failed(error)
      );
    }
    loadList() {
      const mine = this.nextTurn();
      this.veil(true, ["list"]);
      this.api.get(this.listAddress(), hasResults).then(
        (list) => this.current(mine) && this.acceptList(list),
        (error) => this.current(mine) && this.failed(error)
      );
    }
    loadMore() {
      if (this.ui.more || !this.cursor) return;
      const mine = this.turn;
      this.ui.more = "more";
      this.drawList();
      this.api.get(this.listAddress(this.cursor), hasResults).then(
        (list) => this.current(mine) && this.acceptList({ ...list, results: [...this.rows, ...list.results] }),
        (error) => this.current(mine) && this.moreFailed(error)
      );
    }
    listAddress(cursor = "") {
      return `analytics/payments/?${queryOf({ ...this.asked, state: this.ui.tab, limit: ROWS, cursor })}`;
    }
    nextTurn() {
      this.turn += 1;
      this.ui.more = "";
      return this.turn;
    }
    current(turn) {
      return this.alive && turn === this.turn;
    }
    accept(summary, aging, list) {
      Object.assign(this, { summary, aging });
      this.draw("figures", figuresView(this.t, summary, this.asked.known_at));
      this.drawChart();
      this.drawGroups();
      this.draw("aging", agingView(this.t, aging));
      this.draw("excel", excelView(this.t, { busy: this.ui.making, progress: this.ui.progress }));
      this.acceptList(list);
      this.veil(false);
    }
    acceptList(list) {
      this.ui.more = "";
      this.rows = list.results;
      this.cursor = list.next && new URL(list.next).searchParams.get("cursor");
      this.drawList();
      this.veil(false, ["list"]);
    }
    failed(error) {
      const left = showFieldErrors(this.form, fieldErrors(error));
      this.veil(false);
      if (Object.keys(error.fields).length && !left.length) return;
      const ended = error.status === 401 && this.unauthorized;
      const { text, retry } = ended ? { text: ended, retry: false } : explain(this.t, error);
      this.summary = null;
      DRAWN.forEach((name) => this.draw(name, ""));
      this.draw("figures", failedView(this.t, text, retry));
    }
    moreFailed(error) {
      this.ui.more = "";
      this.drawList();
      this.notify.problem(this.t("analytics.more_failed"), explain(this.t, error).text);
    }
    // what is seen
    region(name) {
      return this.root.querySelector(`[data-region="${name}"]`);
    }
    drawFilters() {
      this.draw("filters", filtersView({ t: this.t, choices: this.choices, asked: this.asked, preset: this.ui.preset }));
    }
    drawChart() {
      this.drawnWidth = this.chartWidth();
      const open = Boolean(this.region("chart").querySelector("details[open]"));
      this.draw("chart", monthsView({ t: this.t, months: this.summary.by_period, width: this.drawnWidth }));
      if (open) this.region("chart").querySelector("details").open = true;
    }
    /** An empty region has no width of its own: the body around it has. */
    chartWidth() {
      return Math.max(260, Math.floor(this.region("chart").parentNode.clientWidth) - CHART_EDGES);
    }
    drawGroups() {
      this.draw("groups", groupsView({ t: this.t, summary: this.summary, group: this.ui.group }));
    }
    drawList() {
      const { t, summary, rows: rows2, cursor, ui, dealUrl } = this;
      this.draw("list", listView({ t, tab: ui.tab, summary, rows: rows2, more: Boolean(cursor), busy: ui.more, dealUrl }));
    }
    draw(name, markup) {
      const place = this.region(name);
      const active = document.activeElement;
      const held = active && place.contains(active) ? active.dataset.key || active.name : "";
      place.innerHTML = String(markup);
      const again = held && place.querySelector(`[data-key="${CSS.escape(held)}"], [name="${CSS.escape(held)}"]${held === "preset" ? ":checked" : ""}`);
      if (again) again.focus();
    }
    veil(on, regions = DRAWN) {
      regions.forEach((name) => {
        const place = this.region(name);
        place.classList.toggle("grafik-region_veiled", on && Boolean(this.summary));
        place.setAttribute("aria-busy", String(on));
      });
    }
    // what is done
    changed(event) {
      const { name: own, value, dataset } = event.target;
      const name = own || dataset.picker;
      if (!name) return;
      if (name === "preset") this.choosePeriod(value);
      else if (name === "from" || name === "to") this.typePeriod();
      else if (name === "known_at") this.typeKnown();
      else {
        this.asked[name] = value;
        this.load();
      }
    }
    choosePeriod(preset) {
      this.ui.preset = preset;
      if (preset !== "own") Object.assign(this.asked, periodOf(preset, this.choices.today));
      this.drawFilters();
      if (preset !== "own") this.load();
    }
    typePeriod() {
      this.ask(ownPeriod({ from: this.form.elements.from.value, to: this.form.elements.to.value }));
    }
    typeKnown() {
      this.ask(knownDay(this.form.elements.known_at.value, this.choices.today));
    }
    /** What was typed is asked, or its errors stand at their fields. */
    ask(given) {
      const errors = Object.entries(given.errors || {}).map(([name, word]) => [name, this.t(`analytics.${word}`)]);
      showFieldErrors(this.form, Object.fromEntries(errors), false);
      if (errors.length) return;
      Object.assign(this.asked, given);
      this.load();
    }
    now() {
      Object.assign(this.asked, knownDay(""));
      this.drawFilters();
      this.load();
    }
    clicked(event) {
      const place = event.target.closest("[data-action]");
      if (!place) return;
      const { action, id } = place.dataset;
      const actions = {
        reload: () => this.choices ? this.load() : this.begin(),
        tab: () => this.show(id),
        group: () => this.regroup(id),
        // A field's calendar button has the field's name alone: the picker answers it.
        pick: () => id.includes(":") && this.narrow(id),
        now: () => this.now(),
        more: () => this.loadMore(),
        excel: () => this.excel(id)
      };
      if (actions[action]) actions[action]();
    }
    show(tab) {
      this.ui.tab = tab;
      this.rows = [];
      this.cursor = "";
      this.loadList();
    }
    regroup(group) {
      this.ui.group = group;
      this.drawGroups();
    }
    /** A click on a group's name narrows everything to it; a second one widens again. */
    narrow(id) {
      const [name, ...value] = id.split(":");
      this.asked[name] = String(this.asked[name] || "") === value.join(":") ? "" : value.join(":");
      this.drawFilters();
      this.load();
    }
    /** Exactly what is on the screen: the same question, the same tab. */
    excel(report) {
      if (this.ui.making) return;
      const question = { ...this.asked, report, state: this.ui.tab };
      this.making(report, 0);
      makeWorkbook({ api: this.api, question, key: newKey(), alive: () => this.alive, tell: (progress) => this.making(report, progress) }).then(
        (url) => {
          if (!this.alive) return;
          this.making("", 0);
          this.download(url);
        },
        (error) => {
          if (!this.alive) return;
          this.making("", 0);
          this.notify.problem(this.t("analytics.excel_failed"), error.status === void 0 ? error.message : explain(this.t, error).text);
        }
      );
    }
    making(report, progress) {
      Object.assign(this.ui, { making: report, progress });
      this.draw("excel", excelView(this.t, { busy: report, progress }));
    }
  };

  // src/views/panel.js
  function loadingView(t) {
    return html`<div class="grafik-panel grafik-panel_loading" role="status"><span class="grafik-ring" aria-hidden="true"></span><span>${t("panel.loading")}</span></div>`;
  }
  function failedView2(t, text, retry) {
    return html`<div class="grafik-panel" role="alert">${callout("error", text, retry && button({ action: "reload", label: t("panel.retry") }))}</div>`;
  }

  // src/setup/views.js
  var TONES = { connected: "success", needs_reconnect: "error", uninstalled: "error" };
  var STAGES = ["deposit_status", "paid_status", "completed_status", "overdue_status"];
  var CHANNELS = ["email", "salesbot"];
  var SECTIONS = ["connection", "fields", "stages", "rules", "trial"];
  function frameView2(t) {
    return html`<div class="grafik-page"><header class="grafik-page__head"><h2 class="grafik-page__title">${t("setup.title")}</h2></header>
    <div class="grafik-setup">${SECTIONS.map((name) => html`<section class="grafik-setup__section" data-section="${name}" aria-live="polite"></section>`)}</div></div>`;
  }
  function connectionView(t, page) {
    const { state, connect_url: address } = page.connection;
    return html`${title2(t, "connection")}<p class="grafik-setup__state">${pill(TONES[state] || "neutral", t.known(`setup.state_${state}`) || state)} ${address && link(address, t("setup.connect"))}</p>
    <ul class="grafik-findings">${page.findings.map(findingView)}</ul>
    <div class="grafik-setup__foot">${button({ action: "reload", kind: "small", label: t("way_out.check_again") })} ${link(page.panel_url, t("setup.panel"))}</div>`;
  }
  function findingView({ works, remark, text }) {
    const tone = remark ? "warning" : works ? "success" : "error";
    return html`<li class="grafik-finding grafik-tone_${tone}">${icon(works && !remark ? "check" : "warning")}<span class="grafik-finding__words">${text}</span></li>`;
  }
  function fieldsView(t, page) {
    const options = (one) => [["", t("setup.unused")], ...one.choices.map((choice) => [String(choice.id), choice.name]), ...one.can_make ? [["make", t("setup.make", { name: one.name })]] : []];
    return html`${title2(t, "fields")}<form novalidate data-form="fields"><div class="grafik-setup__grid">${page.fields.map((one) => selectField({ name: one.ours, label: one.name, options: options(one), value: one.field_id ? String(one.field_id) : "" }))}</div>${foot(t)}</form>`;
  }
  function stagesView(t, page) {
    return html`${title2(t, "stages")}${page.pipelines.map((one, index) => html`<details class="grafik-more"${index === 0 && html` open`}><summary>${one.name}</summary>
    <form novalidate data-form="stages" data-pipeline="${one.id}"><div class="grafik-setup__grid">${STAGES.map((name) => stageField(t, one, name))}</div>${foot(t)}</form></details>`)}`;
  }
  function stageField(t, pipeline, name) {
    const options = [["", t("setup.unused")], ...pipeline.stages.map((stage) => [String(stage.id), stage.name])];
    return selectField({ name, label: t(`setup.${name}`), options, value: pipeline[name] ? String(pipeline[name]) : "", id: `${name}-${pipeline.id}` });
  }
  function rulesView(t, page, steps) {
    const { rules, bots } = page;
    const bot = rules.salesbot_id ? String(rules.salesbot_id) : "";
    const known = bots.map((one) => [String(one.id), one.name]);
    const options = [["", t("setup.unused")], ...known, ...bot && !known.some(([id]) => id === bot) ? [[bot, `#${bot}`]] : []];
    return html`${title2(t, "rules")}<form novalidate data-form="rules"><div class="grafik-setup__grid">
    ${inputField({ name: "issue_at", label: t("setup.issue_at"), value: rules.issue_at, type: "time" })}
    ${inputField({ name: "issue_days_before", label: t("setup.issue_days_before"), value: String(rules.issue_days_before), type: "number", min: "0", max: "60" })}
    ${selectField({ name: "salesbot_id", label: t("setup.salesbot"), options, value: bot })}</div>
    <h4 class="grafik-setup__subtitle">${t("setup.reminders")}</h4><p class="grafik-hint">${t("setup.reminders_hint")}</p>
    <ul class="grafik-steps">${steps.map((step, index) => stepView(t, step, index))}</ul>
    <p>${button({ action: "add_step", kind: "small", label: t("setup.add_step") })}</p>${foot(t)}</form>`;
  }
  function stepView(t, step, index) {
    const day2 = t("setup.step_days", { n: index + 1 });
    return html`<li class="grafik-step" data-step="${index}"><input class="grafik-input__box grafik-step__days" type="number" min="-60" max="365" name="days" value="${step.days}" aria-label="${day2}">
    ${CHANNELS.map((name) => html`<label class="grafik-check"><input type="checkbox" name="channel" value="${name}"${step.channels.includes(name) && html` checked`}><span>${t(`setup.channel_${name}`)}</span></label>`)}
    ${button({ action: "drop_step", id: String(index), kind: "link", label: t("setup.drop_step"), name: `${t("setup.drop_step")}: ${day2}` })}</li>`;
  }
  function trialView(t) {
    return html`${title2(t, "trial")}<p class="grafik-hint">${t("setup.trial_hint")}</p><form novalidate data-form="trial">${inputField({ name: "lead_id", label: t("move.deal"), mode: "numeric" })}${foot(t, t("setup.try"))}</form>`;
  }
  function saidView(tone, text) {
    return callout(tone, text);
  }
  function title2(t, name) {
    return html`<h3 class="grafik-region__title">${t(`setup.${name}`)}</h3>`;
  }
  function foot(t, label = t("dialog.save")) {
    return html`<div class="grafik-setup__said" role="status"></div><div class="grafik-setup__foot"><button type="submit" class="grafik-button grafik-button_primary"><span class="grafik-button__label">${label}</span></button></div>`;
  }

  // src/setup/page.js
  var FIRST_STEP = { days: 1, channels: ["email"] };
  var SetupPage = class {
    /** deps: {root, api, t} */
    constructor(deps) {
      Object.assign(this, deps);
      this.alive = true;
      this.onClick = (event) => this.clicked(event);
      this.onSubmit = (event) => this.submitted(event);
    }
    start() {
      this.root.addEventListener("click", this.onClick);
      this.root.addEventListener("submit", this.onSubmit);
      this.load();
    }
    stop() {
      this.alive = false;
      this.root.removeEventListener("click", this.onClick);
      this.root.removeEventListener("submit", this.onSubmit);
    }
    load() {
      this.root.innerHTML = String(loadingView(this.t));
      this.api.get("setup/", isSetup).then(
        (page) => this.alive && this.show(page),
        (error) => {
          if (this.alive) this.root.innerHTML = String(failedView2(this.t, explain(this.t, error).text, error.status !== 403));
        }
      );
    }
    show(page) {
      this.page = page;
      this.root.innerHTML = String(frameView2(this.t));
      this.draw("connection", connectionView(this.t, page));
      this.draw("fields", fieldsView(this.t, page));
      this.draw("stages", stagesView(this.t, page));
      this.draw("trial", trialView(this.t));
      this.drawRules(page.rules.reminders);
    }
    drawRules(steps) {
      this.draw("rules", rulesView(this.t, this.page, steps));
    }
    draw(name, markup) {
      this.root.querySelector(`[data-section="${SECTIONS.find((one) => one === name)}"]`).innerHTML = String(markup);
    }
    clicked(event) {
      const place = event.target.closest("[data-action]");
      if (!place) return;
      const { action, id } = place.dataset;
      const form = place.closest("form");
      if (action === "reload") this.load();
      if (action === "add_step") this.restep(form, (steps) => [...steps, FIRST_STEP]);
      if (action === "drop_step") this.restep(form, (steps) => steps.filter((_, index) => String(index) !== id));
    }
    /** The list of reminders drawn anew, with everything that was typed beside it kept. */
    restep(form, change) {
      this.page = { ...this.page, rules: { ...this.page.rules, ...rulesOf(form) } };
      this.drawRules(change(stepsOf(form)));
    }
    submitted(event) {
      event.preventDefault();
      const form = event.target;
      const calls = {
        fields: () => this.save(form, "PUT", "setup/fields/", { chosen: Object.fromEntries(new FormData(form)) }),
        stages: () => this.save(form, "PUT", "setup/stages/", stagesOf(form)),
        rules: () => this.save(form, "PUT", "setup/rules/", { ...rulesOf(form), reminders: stepsOf(form) }),
        trial: () => this.save(form, "POST", "setup/try/", { lead_id: Number(form.elements.lead_id.value.replace(/\D/g, "")) || 0 })
      };
      calls[form.dataset.form]();
    }
    save(form, method, path, body) {
      const submit = form.querySelector('[type="submit"]');
      if (submit.classList.contains("grafik-button_busy")) return;
      submit.classList.add("grafik-button_busy");
      this.say(form, "");
      showFieldErrors(form, {});
      this.api.send(method, path, body).then(
        (answer) => this.saved(form, submit, answer),
        (error) => {
          if (!this.alive) return;
          submit.classList.remove("grafik-button_busy");
          const left = showFieldErrors(form, fieldErrors(error));
          this.say(form, saidView("error", [explain(this.t, error).text, ...left].join(" ")));
        }
      );
    }
    saved(form, submit, answer) {
      if (!this.alive) return;
      submit.classList.remove("grafik-button_busy");
      if (answer.connection) {
        this.page = { ...answer, rules: this.page.rules };
        this.draw("connection", connectionView(this.t, answer));
      }
      this.say(answer.reminders ? this.keptRules(answer) : form, saidView("success", answer.text || this.t("setup.saved")));
    }
    /** The rules as the server keeps them: in order, each day once. → their form, drawn anew. */
    keptRules(rules) {
      this.page = { ...this.page, rules };
      this.drawRules(rules.reminders);
      const form = this.root.querySelector('[data-form="rules"]');
      form.querySelector('[type="submit"]').focus();
      return form;
    }
    say(form, markup) {
      form.querySelector(".grafik-setup__said").innerHTML = String(markup);
    }
  };
  function numberOf(place) {
    return place.value === "" ? null : Number(place.value);
  }
  function stepsOf(form) {
    return Array.from(form.querySelectorAll("[data-step]"), (row) => ({
      days: numberOf(row.querySelector('[name="days"]')),
      channels: CHANNELS.filter((name) => row.querySelector(`[value="${name}"]`).checked)
    }));
  }
  function rulesOf(form) {
    const { issue_at: at, issue_days_before: before, salesbot_id: bot } = form.elements;
    return { issue_at: at.value, issue_days_before: numberOf(before), salesbot_id: Number(bot.value) || null };
  }
  function stagesOf(form) {
    const chosen = Object.fromEntries(Array.from(new FormData(form), ([name, value]) => [name, Number(value) || null]));
    return { pipeline: Number(form.dataset.pipeline), ...chosen };
  }
  return __toCommonJS(figures_exports);
})();
return GrafikFigures;
});
