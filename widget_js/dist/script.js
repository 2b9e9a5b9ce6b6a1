define(['lib/components/base/modal'], function (Modal) {
var Grafik = (() => {
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

  // src/main.js
  var main_exports = {};
  __export(main_exports, {
    makeWidget: () => makeWidget
  });

  // src/api.js
  var API_URL = "https://grafik.invalid/api/v1/";
  var SALESBOT_URL = "https://grafik.invalid/webhooks/amocrm/salesbot/";
  var READ_LIMIT_MS = 15e3;
  var WRITE_LIMIT_MS = 3e4;
  var ApiError = class extends Error {
    /** `problem`: the RFC 9457 body, null when the server did not answer in its own words. */
    constructor(status, problem) {
      super(problem ? problem.detail || problem.title : `HTTP ${status}`);
      this.status = status;
      this.problem = problem;
      this.code = problem ? problem.code || "" : "";
      this.fields = problem && problem.errors || {};
    }
    /** Nobody knows whether the server did it: no answer at all, or somebody else's error page. */
    get unknown() {
      return this.status === 0 || this.status >= 500 && !this.problem || this.status < 300 && !this.problem;
    }
    /** Turned away before anybody looked at what was asked: no word on an earlier call with the same key. */
    get atTheDoor() {
      return [401, 403, 429].includes(this.status) || this.status >= 500;
    }
  };
  function makeApi(authorizedAjax, base = API_URL, language = "ru") {
    const addressOf = (path) => `${base}${path}${language === "ru" ? "" : `${path.includes("?") ? "&" : "?"}language=${language}`}`;
    function request(options, limit, fits) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new ApiError(0, null));
          if (call && call.abort) call.abort();
        }, limit);
        const call = authorizedAjax(options);
        call.then(
          (data) => {
            clearTimeout(timer);
            settle(200, data, fits, resolve, reject);
          },
          (xhr) => {
            clearTimeout(timer);
            settle(xhr && xhr.status || 0, xhr && xhr.responseText, fits, resolve, reject);
          }
        );
      });
    }
    return {
      get: (path, fits) => request({ url: addressOf(path), type: "GET", dataType: "text" }, READ_LIMIT_MS, fits),
      send: (method, path, body, key, fits) => request(
        {
          url: addressOf(path),
          type: method,
          dataType: "text",
          contentType: "application/json",
          headers: key ? { "Idempotency-Key": key } : {},
          data: JSON.stringify(body)
        },
        WRITE_LIMIT_MS,
        fits
      )
    };
  }
  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  function settle(status, text, fits, resolve, reject) {
    const body = parse(text);
    if (status >= 200 && status < 300) {
      if (body && (!fits || fits(body))) resolve(body);
      else reject(new ApiError(status, null));
    } else {
      reject(new ApiError(status, body && body.title ? body : null));
    }
  }
  function parse(text) {
    if (text && typeof text === "object") return text;
    try {
      return JSON.parse(text);
    } catch (error) {
      return null;
    }
  }

  // src/answers.js
  var rows = (value) => Array.isArray(value);
  var words = (value) => typeof value === "string";
  var hasResults = (answer) => rows(answer.results);
  var hasText = (answer) => words(answer.text) && words(answer.url);
  var hasUrl = (answer) => words(answer.url);
  var isPreview = (answer) => rows(answer.installments) && words(answer.debt) && words(answer.paid);
  var isInvoice = (answer) => hasText(answer) && words(answer.amount) && rows(answer.sent);
  var isOffers = (answer) => rows(answer.deals);
  var isDocument = (answer) => Boolean(answer.id) && words(answer.name);
  var isKey = (answer) => words(answer.hook_key);

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

  // src/dates.js
  function formatDay(iso) {
    const parts = /^(\d{4})-(\d{2})-(\d{2})/.exec(String(iso));
    return parts ? `${parts[3]}.${parts[2]}.${parts[1]}` : "";
  }
  function formatMoment(moment) {
    const time = /T(\d{2}:\d{2})/.exec(String(moment));
    return time ? `${formatDay(moment)} ${time[1]}` : formatDay(moment);
  }
  function parseDay(typed) {
    const text = String(typed).trim();
    const local = /^(\d{1,2})[.,/](\d{1,2})[.,/](\d{4}|\d{2})$/.exec(text);
    const parts = local ? [local[3], local[2], local[1]] : text.split("-");
    if (parts.length !== 3 || !parts.every((part) => /^\d+$/.test(part))) return null;
    const [year, month, day] = parts.map(Number);
    const date = new Date(Date.UTC(year < 100 ? 2e3 + year : year, month - 1, day));
    return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.toISOString().slice(0, 10) : null;
  }
  function nextMonth(iso) {
    const [year, month, day] = iso.split("-").map(Number);
    const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    return new Date(Date.UTC(year, month, Math.min(day, last))).toISOString().slice(0, 10);
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
  function copyButton({ t, id, text, label, what, copied }) {
    const done = copied === id;
    const shown = done ? t("copy.done") : label;
    return html`<button type="button" class="grafik-button grafik-button_small${done ? " grafik-button_done" : ""}"
    data-action="copy" data-id="${id}" data-key="copy:${id}" data-text="${text}" title="${t("copy.title")}" aria-label="${t("copy.name", { label: shown, what })}"><span class="grafik-button__label">${icon(done ? "check" : "copy")}<span class="grafik-button__words">${shown}</span></span></button>`;
  }
  function copyPair({ t, id, url, text, what, copied }) {
    return html`<div class="grafik-row__actions">${copyButton({ t, id: `${id}-url`, text: url, label: t("copy.link"), what, copied })}
    ${text && copyButton({ t, id: `${id}-text`, text, label: t("copy.text"), what, copied })}</div>`;
  }
  function pill(tone, text) {
    return html`<span class="grafik-pill grafik-pill_${tone}">${text}</span>`;
  }
  function link(address, label) {
    return html`<a class="grafik-link" href="${href(address)}" target="_blank" rel="noopener noreferrer">${label}</a>`;
  }
  function section(title, content, extra = "") {
    return html`<section class="grafik-section"><h3 class="grafik-section__title">${title}${extra}</h3>${content}</section>`;
  }
  function folded({ t, rows: rows2, key, expanded, limit, from = 0 }) {
    if (rows2.length <= limit + 1) return html`${rows2}`;
    const start = Math.max(0, Math.min(from, rows2.length - limit));
    const shown = expanded ? rows2 : rows2.slice(start, start + limit);
    const label = expanded ? t("panel.fold") : t("panel.show_all", { n: rows2.length });
    return html`${shown}<li class="grafik-row grafik-row_more">${button({ action: "fold", id: key, label, kind: "link" })}</li>`;
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
  function textField({ name, label, value = "", hint = "", first = false }) {
    return field({
      name,
      label,
      hint,
      control: html`<span class="grafik-input"><textarea class="grafik-input__box" id="grafik-${name}" name="${name}" rows="2" maxlength="500" aria-describedby="grafik-${name}-error"${first && html` data-autofocus`}>${value}</textarea></span>`
    });
  }
  function checkField({ name, label, checked = false, value = "1" }) {
    return html`<label class="grafik-check"><input type="checkbox" name="${name}" value="${value}"${checked && html` checked`}><span>${label}</span></label>`;
  }
  function readField({ label, value, name }) {
    return html`<div class="grafik-field"><span class="grafik-field__label">${label}</span><output class="grafik-field__value" data-output="${name}">${value}</output></div>`;
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

  // src/views/callout.js
  function callout(tone, text, way2 = "") {
    return html`<div class="grafik-callout grafik-callout_${tone}">${icon(tone === "success" ? "check" : "warning")}<div class="grafik-callout__body"><div>${text}</div>${way2}</div></div>`;
  }

  // src/automation.js
  var TRIGGERS = ["schedule", "links", "invoice", "stop_reminders"];
  var LINKS = ["installment", "deposit", "full", "overdue"];
  var EXITS = ["success", "fail"];
  var LOOK_MS = 100;
  var LOOKS = 30;
  function showTrigger({ code, api, t }) {
    whenThere(() => triggerForm(code), (form) => {
      const action = form.querySelector('input[name="action"]');
      const key = form.querySelector('input[name="hook_key"]');
      const old = form.querySelector(".js-grafik-trigger");
      if (old) old.remove();
      [action, key].forEach((input) => hideRow(input));
      const place = document.createElement("div");
      place.className = "grafik grafik-trigger js-grafik-trigger";
      place.innerHTML = String(html`${selectField({ name: "grafik_action", label: t("dp.what"), value: action.value || TRIGGERS[0], options: TRIGGERS.map((name) => [name, t(`dp.action_${name}`)]) })}<div class="grafik-trigger__key" aria-live="polite"></div>`);
      action.parentNode.parentNode.insertBefore(place, action.parentNode);
      const select = place.querySelector("select");
      select.addEventListener("change", () => put(action, select.value));
      if (!action.value) put(action, select.value);
      fetchKey({ api, t, place: place.querySelector(".grafik-trigger__key"), key });
    });
  }
  function showStep({ body, t }) {
    const input = body.querySelector('input[data-field-name="what"]:not([type="hidden"]), input[name="what"]');
    if (!input) return;
    const row = input.parentNode;
    const place = document.createElement("div");
    place.className = "grafik grafik-trigger";
    if (!LINKS.includes(input.value)) put(input, LINKS[0]);
    place.innerHTML = String(selectField({ name: "grafik_what", label: t("salesbot.which"), value: input.value, options: LINKS.map((name) => [name, t(`salesbot.what_${name}`)]) }));
    row.parentNode.insertBefore(place, row);
    row.style.display = "none";
    const select = place.querySelector("select");
    select.addEventListener("change", () => put(input, select.value));
  }
  function stepExits(t) {
    return { exits: EXITS.map((code) => ({ code, title: t(`salesbot.exit_${code}`) })) };
  }
  function salesbotSteps(handler, params, address) {
    const what = LINKS.includes(params.what) ? params.what : LINKS[0];
    const data = { lead: "{{lead.id}}", action: "link", what };
    const [got, nothing] = EXITS.map((value) => ({ handler: "exits", params: { value } }));
    const conditions = [{ term1: "{{json.status}}", term2: EXITS[0], operation: "=" }];
    return JSON.stringify([
      { question: [{ handler: "widget_request", params: { url: address, data } }, { handler: "goto", params: { type: "question", step: 1 } }], require: [] },
      { question: [{ handler: "conditions", params: { logic: "and", conditions, result: [got] } }, nothing], require: [] }
    ]);
  }
  function triggerForm(code) {
    const marks = document.querySelectorAll(`.digital-pipeline__short-task_widget-style_${CSS.escape(code)}`);
    const around = (mark) => [mark.closest("form"), mark, mark.parentNode.parentNode.querySelector('[data-action="send_widget_hook"]')];
    return Array.from(marks).flatMap(around).find((one) => one && one.querySelector('input[name="action"]'));
  }
  function fetchKey({ api, t, place, key }) {
    if (key.value) return;
    const ask = () => {
      place.innerHTML = String(html`<p class="grafik-preview__note"><span class="grafik-ring" aria-hidden="true"></span>${t("dp.asking")}</p>`);
      api.get("automation/", isKey).then(
        (answer) => {
          put(key, answer.hook_key);
          place.innerHTML = "";
        },
        (error) => {
          place.innerHTML = String(callout("error", explain(t, error).text, button({ action: "key_again", kind: "small", label: t("panel.retry") })));
        }
      );
    };
    place.addEventListener("click", (event) => event.target.closest('[data-action="key_again"]') && ask());
    ask();
  }
  function put(input, value) {
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
  function hideRow(input) {
    (input.closest(".digital-pipeline__short-task_widget-field, .widget_settings_block__item_field") || input).style.display = "none";
  }
  function whenThere(find, act, looks = LOOKS) {
    const found = find();
    if (found) act(found);
    else if (looks) setTimeout(() => whenThere(find, act, looks - 1), LOOK_MS);
  }

  // src/download.js
  function download(url) {
    const anchor = document.createElement("a");
    anchor.href = href(url);
    anchor.rel = "noopener";
    document.body.appendChild(anchor);
    anchor.click();
    anchor.remove();
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
  function formatIn(currency, amount) {
    if (!currency || currency === "RUB") return formatMoney(amount);
    const number = formatNumber(amount);
    return `${number.includes(",") ? number : `${number},00`}${NBSP}${currency}`;
  }
  function formatNumber(amount) {
    const [whole, cents] = toAmount(toKopecks(amount)).split(".");
    const grouped = whole.replace("-", "−").replace(/\B(?=(\d{3})+$)/g, NBSP);
    return cents === "00" ? grouped : `${grouped},${cents}`;
  }
  function parseMoney(typed) {
    const plain = String(typed).replace(/[\s\u00a0\u202f]|₽|руб\.?|р\.?$/gi, "").replace(",", ".");
    if (!/^\d{1,12}(\.\d{1,2})?$/.test(plain)) return null;
    const kopecks = toKopecks(plain);
    return kopecks > 0n ? toAmount(kopecks) : null;
  }
  function isPositive(amount) {
    return toKopecks(amount) > 0n;
  }
  function subtract(amount, other) {
    return toAmount(toKopecks(amount) - toKopecks(other));
  }
  function add(...amounts) {
    return toAmount(amounts.reduce((sum, amount) => sum + toKopecks(amount), 0n));
  }
  function percent(part, whole) {
    const total = toKopecks(whole);
    return total > 0n ? Number(toKopecks(part) * 100n / total) : 0;
  }
  function restOf(row) {
    return subtract(subtract(row.amount, row.paid), row.written_off || "0.00");
  }

  // src/card.js
  function isCard(answer) {
    return typeof answer.debt === "string" && Array.isArray(answer.actions);
  }
  function refundable(card) {
    return card.payments.filter((one) => (!one.currency || one.currency === "RUB") && isPositive(leftOf(one))).reverse();
  }
  function leftOf(payment) {
    return payment.refundable || subtract(subtract(payment.amount, payment.refunded), payment.moved || "0.00");
  }
  function offered(card, payment, chosen2) {
    const left = leftOf(payment);
    if (chosen2 || !isPositive(card.credit)) return left;
    return isPositive(subtract(left, card.credit)) ? card.credit : left;
  }
  var GOING_BACK = ["requested", "sent"];
  function reversible(payment) {
    const byHand = !payment.provider && payment.method !== "transfer" && !isPositive(payment.reversed || "0.00");
    const goingBack = (payment.refunds || []).some((one) => GOING_BACK.includes(one.state));
    return byHand && !goingBack && (isPositive(leftOf(payment)) || isPositive(payment.moved || "0.00"));
  }
  function covered(card, amount) {
    const open = card.installments.map((row) => ({ ...row, rest: subtract(subtract(row.amount, row.paid), row.written_off || "0.00") })).filter((row) => isPositive(row.rest));
    open.sort((one, other) => one.due_on === other.due_on ? one.number - other.number : one.due_on < other.due_on ? -1 : 1);
    const closed = [];
    let left = amount;
    for (const row of open) {
      if (!isPositive(left)) break;
      left = subtract(left, row.rest);
      if (left.startsWith("-")) return { closed, begun: row.number };
      closed.push(row.number);
    }
    return { closed, begun: null };
  }
  function messageOf(card) {
    const { full } = card.links || {};
    return full && full.state === "open" ? full.text || "" : "";
  }
  function channelsOf(card) {
    if (card.channels) return card.channels;
    const email = card.payer && card.payer.email || card.contact && card.contact.email || "";
    return email ? [{ channel: "email", to: email }] : [];
  }
  function asked(card) {
    const row = card.next && card.mode !== "deposit" && card.installments.find((one) => one.number === card.next.number);
    const found = row && card.invoices.find((one) => one.id === row.invoice);
    return found && found.state === "open" && found.amount === card.next.amount ? found : null;
  }
  function freshAttempts(card) {
    if (!isPositive(card.debt)) return [];
    const paid = card.payments.map((one) => Date.parse(one.received_at)).reduce((last, at) => Math.max(last, at), 0);
    return card.attempts.filter((one) => Date.parse(one.at) >= paid);
  }

  // src/copy.js
  function copyText(text) {
    if (navigator.clipboard && window.isSecureContext) {
      return navigator.clipboard.writeText(text).catch(() => copyBySelection(text));
    }
    return copyBySelection(text);
  }
  function copyBySelection(text) {
    const area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("readonly", "");
    area.style.cssText = "position:fixed;opacity:0;pointer-events:none";
    document.body.appendChild(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied ? Promise.resolve() : Promise.reject(new Error("the clipboard is closed"));
  }

  // src/freshness.js
  var SLOW_MS = 15e3;
  var QUICK_MS = 2500;
  var QUICK_FOR_MS = 6e5;
  function keepFresh(look, listen) {
    let quickUntil = 0;
    let timer = null;
    function schedule() {
      clearTimeout(timer);
      timer = setTimeout(beat, Date.now() < quickUntil ? QUICK_MS : SLOW_MS);
    }
    function beat() {
      if (!document.hidden) look();
      schedule();
    }
    const returned = () => {
      if (!document.hidden) look();
    };
    document.addEventListener("visibilitychange", returned);
    window.addEventListener("focus", returned);
    const unlisten = listen(look);
    schedule();
    return {
      expectPayment() {
        quickUntil = Date.now() + QUICK_FOR_MS;
        schedule();
      },
      stop() {
        clearTimeout(timer);
        document.removeEventListener("visibilitychange", returned);
        window.removeEventListener("focus", returned);
        if (typeof unlisten === "function") unlisten();
      }
    };
  }

  // src/new_tab.js
  function openInTab(ask, waiting) {
    const tab = window.open("", "_blank");
    if (!tab) return Promise.resolve(false);
    tab.opener = null;
    tab.document.title = waiting;
    tab.document.body.textContent = waiting;
    return ask().then(
      (address) => {
        tab.location.replace(href(address));
        return true;
      },
      (error) => {
        tab.close();
        throw error;
      }
    );
  }

  // src/views/effects.js
  function effectsView(t, effects) {
    if (!effects.length) return "";
    const last = effects.length - 1;
    const rows2 = effects.map((text, index) => html`<li>${text.replace(/[;.]$/, "")}${index < last ? ";" : "."}</li>`);
    return html`<div class="grafik-effects"><b>${t("payment.will_happen")}</b><ul>${rows2}</ul></div>`;
  }

  // src/dialogs/copies.js
  var SAID_FOR_MS = 2e3;
  function connectCopies(form, t) {
    form.addEventListener("click", (event) => {
      const button2 = event.target.closest('[data-action="copy"]');
      if (!button2) return;
      const label = button2.querySelector(".grafik-button__words");
      const before = label.textContent;
      const say = (words2, done) => {
        label.textContent = words2;
        button2.classList.toggle("grafik-button_done", done);
      };
      copyText(button2.dataset.text).then(
        () => say(t("copy.done"), true),
        () => say(t("notice.copy_failed"), false)
      ).then(() => setTimeout(() => say(before, false), SAID_FOR_MS));
    });
  }

  // src/dialogs/focus.js
  var REACHABLE = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
  function trapFocus(form) {
    form.tabIndex = -1;
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Tab") return;
      const places = reachable(form);
      if (!places.length) return;
      const first = places[0];
      const last = places[places.length - 1];
      if (event.shiftKey && [first, form].includes(document.activeElement)) {
        event.preventDefault();
        last.focus();
      } else if (!event.shiftKey && document.activeElement === last) {
        event.preventDefault();
        first.focus();
      }
    });
    const start = form.querySelector("[data-autofocus]") || form.querySelector(".grafik-dialog__title");
    start.focus();
  }
  function reachable(form) {
    return Array.from(form.querySelectorAll(REACHABLE)).filter((place) => !place.disabled && !place.matches("fieldset:disabled *") && place.offsetParent !== null);
  }

  // src/dialogs/second_click.js
  var KINDS = ["mousedown", "mouseup", "click"];
  function ignoreSecondClick(inside) {
    let begunInside = false;
    const swallow = (event) => {
      const place = inside();
      if (event.detail < 2) {
        if (event.type === "mousedown") begunInside = Boolean(place && place.contains(event.target));
        return;
      }
      if (begunInside) return;
      event.stopPropagation();
      event.preventDefault();
    };
    KINDS.forEach((kind) => document.addEventListener(kind, swallow, true));
    return () => KINDS.forEach((kind) => document.removeEventListener(kind, swallow, true));
  }

  // src/dialogs/frame.js
  function openDialog({ Modal, t }, spec) {
    const dialog = new Dialog(t, spec);
    dialog.open(Modal);
    return dialog;
  }
  var Dialog = class {
    constructor(t, spec) {
      this.t = t;
      this.spec = spec;
      this.place = null;
      this.form = null;
      this.key = newKey();
      this.unknownBody = null;
      this.busy = false;
      this.closed = false;
      this.forced = false;
      this.finished = false;
    }
    open(Modal) {
      this.heedAll = ignoreSecondClick(() => this.place);
      this.modal = new Modal({
        class_name: "grafik-modal",
        disable_enter_keydown: true,
        init: ($body) => this.draw($body),
        destroy: () => this.mayClose()
      });
    }
    isOpen() {
      return !this.closed;
    }
    /** `force` leaves even while a save is under way: the card itself is going away. */
    close(force = false) {
      if (this.closed || this.busy && !force) return;
      this.forced = force;
      this.modal.destroy();
    }
    showProblem(text) {
      this.find(".grafik-dialog__problem").innerHTML = text ? String(callout("error", text)) : "";
    }
    /** amoCRM's Modal may draw at once or later: everything that needs the form starts here. */
    draw($body) {
      $body.trigger("modal:loaded").html(String(frameView(this.t, this.spec)));
      this.place = $body[0].querySelector(".grafik-dialog");
      this.form = this.place.querySelector("form");
      this.place.parentNode.style.cssText = "width:auto;padding:0";
      this.recentre = () => $body.trigger("modal:centrify");
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.submit();
      });
      this.form.addEventListener("click", (event) => {
        if (!event.target.closest('[data-action="close"]')) return;
        event.stopPropagation();
        this.close();
      });
      connectPickers(this.form);
      connectCopies(this.form, this.t);
      if (this.spec.onReady) this.spec.onReady(this);
      this.recentre();
      trapFocus(this.form);
    }
    /** Modal asks before it goes: cross, Escape, click beside. False keeps it. */
    mayClose() {
      if (this.busy && !this.forced) return false;
      if (!this.closed) {
        this.closed = true;
        this.heedAll();
        this.spec.onClosed();
      }
      return true;
    }
    submit() {
      if (this.busy || this.closed || this.finished || !this.spec.submitLabel) return;
      const body = this.unknownBody || this.spec.collect(this.form);
      if (!body) return;
      this.setBusy(true);
      this.showProblem("");
      this.spec.send(body, this.key).then(
        (answer) => this.succeed(answer),
        (error) => this.fail(error, body)
      );
    }
    succeed(answer) {
      if (this.closed) return;
      this.setBusy(false);
      if (this.spec.doneView) this.finish(this.spec.doneView(answer));
      else this.close();
      this.spec.onDone(answer);
    }
    /** The work is done: what came of it stands where the fields stood, and only closing is left. */
    finish(markup) {
      this.finished = true;
      const fields = this.find(".grafik-dialog__fields");
      fields.disabled = false;
      fields.innerHTML = String(markup);
      this.find(".grafik-dialog__actions").innerHTML = String(closeButton(this.t));
      this.recentre();
      fields.querySelector("button").focus();
    }
    fail(error, body) {
      if (this.closed) return;
      this.setBusy(false);
      if (error.unknown || error.code === "still_running" || this.unknownBody && error.atTheDoor) this.holdUnknown(error, body);
      else this.release(error);
    }
    holdUnknown(error, body) {
      this.unknownBody = body;
      this.find(".grafik-dialog__fields").disabled = true;
      this.setSubmitLabel(this.t("dialog.retry"));
      this.showProblem(`${explain(this.t, error).text} ${this.t("dialog.unknown")}`);
    }
    /** The server refused: nothing was written, so what is sent next is a new call with a new key. */
    release(error) {
      this.unknownBody = null;
      this.key = newKey();
      this.find(".grafik-dialog__fields").disabled = false;
      this.setSubmitLabel(this.spec.submitLabel);
      const stale = error.code === "stale_version" || error.status === 409 && !error.problem;
      if (stale && this.spec.onStale) {
        this.spec.onStale(this);
        return;
      }
      if (error.status === 409 && this.spec.onConflict) {
        this.close();
        this.spec.onConflict(error);
        return;
      }
      const left = showFieldErrors(this.form, fieldErrors(error));
      this.showProblem([explain(this.t, error).text, ...left].join(" "));
    }
    setBusy(busy) {
      this.busy = busy;
      this.find(".grafik-dialog__submit").classList.toggle("grafik-button_busy", busy);
      this.place.setAttribute("aria-busy", String(busy));
    }
    setSubmitLabel(text) {
      this.find(".grafik-dialog__submit .grafik-button__label").textContent = text;
    }
    find(selector) {
      return this.form.querySelector(selector);
    }
  };
  function closeButton(t) {
    return button({ action: "close", label: t("dialog.close") });
  }
  function frameView(t, spec) {
    const foot = spec.submitLabel ? html`<button type="submit" class="grafik-button grafik-button_${spec.submitKind || "primary"} grafik-dialog__submit"><span class="grafik-button__label">${spec.submitLabel}</span></button>
       ${button({ action: "close", kind: "text", label: spec.cancelLabel || t("dialog.cancel") })}` : closeButton(t);
    return html`<div class="grafik grafik-dialog${spec.wide ? " grafik-dialog_wide" : ""}" role="dialog" aria-modal="true" aria-labelledby="grafik-dialog-title"><form novalidate autocomplete="off">
    <button type="button" class="modal-body__close grafik-dialog__cross" data-action="close" aria-label="${t("dialog.close")}">${icon("cross")}</button>
    <h2 class="grafik-dialog__title" id="grafik-dialog-title" tabindex="-1">${spec.title}</h2>
    <fieldset class="grafik-dialog__fields">${spec.content}</fieldset>
    <div class="grafik-dialog__problem" role="alert"></div>
    <div class="grafik-dialog__actions modal-body__actions">${foot}</div></form></div>`;
  }

  // src/dialogs/decisions.js
  var RETAINED = ["", "rendered_part", "actual_costs", "late_cancellation", "no_show", "security_deposit"];
  function openSettle(context, handlers) {
    const { t, api, card } = context;
    return openDecision(context, handlers, {
      name: "settle",
      before: html`${inputField({ name: "total", label: t("settle.total"), value: formatNumber(card.paid), mode: "decimal", suffix: "₽", first: true, hint: t(card.mode === "deposit" ? "settle.hint_deposit" : "settle.hint", { paid: formatMoney(card.paid) }) })}
      ${selectField({ name: "retained", label: t("settle.retained"), options: RETAINED.map((name) => [name, t(`settle.retained_${name || "nothing"}`)]) })}`,
      effects: (form) => settleEffects(t, card, parseMoney(form.elements.total.value)),
      read(form, errors) {
        const total = parseMoney(form.elements.total.value) || (/^\s*0+([.,]0*)?\s*$/.test(form.elements.total.value) ? "0.00" : null);
        if (!total) errors.total = t("payment.wrong_amount");
        else if (isPositive(subtract(total, card.paid))) errors.total = t("settle.above", { paid: formatMoney(card.paid) });
        return { total, retained: form.elements.retained.value, version: card.version };
      },
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/settle/`, body, key)
    });
  }
  function openCancel(context, handlers) {
    const { t, api, card } = context;
    return openDecision(context, handlers, {
      name: "cancel",
      keepLabel: t("cancel.keep"),
      danger: true,
      read: () => ({ version: card.version }),
      effects: () => [t("cancel.effect_rows", { debt: formatMoney(card.debt) }), t("cancel.effect_quiet"), isPositive(card.paid) && t("cancel.effect_money", { paid: formatMoney(card.paid) })],
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/schedule/cancel/`, body, key)
    });
  }
  function openVoid(context, handlers) {
    const { t, api, subject: invoice } = context;
    return openDecision(context, handlers, {
      name: "void",
      danger: true,
      title: t("void.title", { number: invoice.number }),
      effects: () => [t("void.effect_link"), t("void.effect_debt")],
      send: (body, key) => api.send("POST", `invoices/${invoice.id}/void/`, body, key)
    });
  }
  function openRevoke(context, handlers) {
    const { t, api, card } = context;
    return openDecision(context, handlers, {
      name: "revoke",
      danger: true,
      reasonless: true,
      effects: () => [t("revoke.effect_old"), t("revoke.effect_new")],
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/pay-link/revoke/`, body, key)
    });
  }
  function openDecision(context, { onDone, onConflict, onClosed }, spec) {
    const { t } = context;
    return openDialog(context, {
      title: spec.title || t(`${spec.name}.title`),
      content: html`${spec.before || ""}${!spec.reasonless && textField({ name: "reason", label: t("decision.reason"), hint: t("schedule.reason_hint"), first: !spec.before })}<div class="grafik-decision__effects" aria-live="polite"></div>`,
      submitLabel: t(`${spec.name}.submit`),
      cancelLabel: spec.keepLabel,
      submitKind: spec.danger ? "danger" : "primary",
      collect: (form) => collect(t, form, spec),
      send: spec.send,
      onReady({ form }) {
        const show = () => {
          form.querySelector(".grafik-decision__effects").innerHTML = String(effectsView(t, spec.effects(form).filter(Boolean)));
        };
        if (spec.ready) spec.ready(form);
        form.addEventListener("input", show);
        form.addEventListener("change", show);
        show();
      },
      onDone,
      onConflict,
      onClosed
    });
  }
  function settleEffects(t, card, total) {
    const kept = total || "0.00";
    const over = subtract(card.paid, kept);
    return [t("settle.effect_total", { total: formatMoney(kept) }), t("settle.effect_rows"), isPositive(over) && t("settle.effect_credit", { over: formatMoney(over) })];
  }
  function collect(t, form, spec) {
    const errors = {};
    const body = spec.read ? spec.read(form, errors) : {};
    if (!spec.reasonless) {
      body.reason = form.elements.reason.value.trim();
      if (!body.reason) errors.reason = t("decision.wrong_reason");
    }
    showFieldErrors(form, errors);
    return Object.keys(errors).length ? null : body;
  }

  // src/dialogs/collecting.js
  var STOPS = ["reminders", "invoices"];
  function openPromise(context, handlers) {
    const { t, api, card } = context;
    const sum = isPositive(card.overdue) ? card.overdue : card.next && card.next.amount || card.debt;
    return openDecision(context, handlers, {
      name: "promise",
      reasonless: true,
      before: html`<div class="grafik-pair">${dateField({ t, name: "until", label: t("promise.until") })}
      ${inputField({ name: "amount", label: t("refund.amount"), value: formatNumber(sum), mode: "decimal", suffix: "₽" })}</div>
      ${textField({ name: "comment", label: t("payment.comment") })}`,
      effects: () => [t("promise.effect_quiet"), t("promise.effect_debt")],
      read(form, errors) {
        const until = parseDay(form.elements.until.value);
        const amount = parseMoney(form.elements.amount.value);
        if (!until) errors.until = t("payment.wrong_day");
        if (!amount) errors.amount = t("payment.wrong_amount");
        return { until, amount, comment: form.elements.comment.value.trim() };
      },
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/promise/`, body, key)
    });
  }
  function openStop(context, handlers) {
    const { t, api, card } = context;
    const options = STOPS.filter((name) => !(card.stopped || []).includes(name)).map((name) => [name, t(`stop.${name}`)]);
    return openDecision(context, handlers, {
      name: "stop",
      before: selectField({ name: "of", label: t("stop.what"), options }),
      effects: (form) => [t(`stop.effect_${form.elements.of.value}`), t("stop.effect_debt")],
      read: (form) => ({ of: form.elements.of.value }),
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/stop/`, body, key)
    });
  }
  function openGoOn(context, handlers) {
    const { t, api, card } = context;
    const options = card.stopped.map((name) => [name, t(`stop.${name}`)]);
    return openDecision(context, handlers, {
      name: "go_on",
      reasonless: true,
      before: selectField({ name: "of", label: t("stop.what"), options }),
      effects: () => [t("go_on.effect")],
      read: (form) => ({ of: form.elements.of.value }),
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/go-on/`, body, key)
    });
  }
  function openDateRequest(context, handlers) {
    const { t, api, card } = context;
    const asked2 = card.date_request;
    const choice = (name, checked) => html`<label class="grafik-check"><input type="radio" name="decision" value="${name}"${checked && html` checked data-autofocus`}><span>${t(`date_request.${name}`)}</span></label>`;
    return openDecision(context, handlers, {
      name: "date_request",
      reasonless: true,
      before: html`<p class="grafik-dialog__lead">${t("date_request.lead", { number: asked2.number, was: formatDay(asked2.was_on), wanted: formatDay(asked2.wanted_on) })}</p>
      ${asked2.comment && html`<p class="grafik-hint">${asked2.comment}</p>`}
      <div class="grafik-templates" role="radiogroup" aria-label="${t("date_request.title")}">${choice("grant", true)}${choice("refuse", false)}</div>`,
      effects: (form) => [t(`date_request.effect_${form.elements.decision.value}`, { wanted: formatDay(asked2.wanted_on), was: formatDay(asked2.was_on) })],
      read: (form) => ({ decision: form.elements.decision.value }),
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/date-request/`, body, key)
    });
  }

  // src/dialogs/debts.js
  function openWriteOff(context, handlers) {
    const { t, card } = context;
    return openSum(context, handlers, { name: "write_off", most: card.debt, path: "write-off/", danger: true, effects: (amount) => [t("write_off.effect_debt", { debt: formatMoney(subtract(card.debt, amount)) }), t("write_off.effect_quiet"), t("write_off.effect_later")] });
  }
  function openReverseWriteOff(context, handlers) {
    const { t, card } = context;
    return openSum(context, handlers, { name: "reverse_write_off", keepLabel: t("reverse_write_off.keep"), most: card.written_off, path: "write-off/reverse/", effects: (amount) => [t("reverse_write_off.effect", { amount: formatMoney(amount) })] });
  }
  function openWaive(context, handlers) {
    const { t, card } = context;
    return openSum(context, handlers, { name: "waive_fees", most: card.fees.owed, path: "fees/waive/", effects: (amount) => [t("waive_fees.effect", { amount: formatMoney(amount) })] });
  }
  function openLoss(context, handlers) {
    const { t, api, card } = context;
    const ways = ["settle", "pause", "go_on"];
    return openDecision(context, handlers, {
      name: "loss",
      before: html`<div class="grafik-templates" role="radiogroup" aria-label="${t("loss.title")}">${ways.map((name, index) => html`<label class="grafik-check"><input type="radio" name="decision" value="${name}"${index === 0 && html` checked data-autofocus`}><span>${t(`loss.${name}`)}</span></label>`)}</div>`,
      effects: (form) => [t(`loss.effect_${form.elements.decision.value}`)],
      read: (form) => ({ decision: form.elements.decision.value }),
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/loss/`, body, key)
    });
  }
  function openRestorePrice(context, handlers) {
    const { t, api, card } = context;
    return openDecision(context, handlers, {
      name: "restore_price",
      reasonless: true,
      effects: () => [t("restore_price.effect", { total: formatMoney(card.total) })],
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/price/restore/`, body, key)
    });
  }
  function openSum(context, handlers, { name, most, path, effects, keepLabel = "", danger = false }) {
    const { t, api, card } = context;
    const typed = (form) => parseMoney(form.elements.amount.value);
    return openDecision(context, handlers, {
      name,
      keepLabel,
      danger,
      before: inputField({ name: "amount", label: t("refund.amount"), value: formatNumber(most), mode: "decimal", suffix: "₽", first: true }),
      effects: (form) => typed(form) ? effects(typed(form)) : [],
      read(form, errors) {
        const amount = typed(form);
        if (!amount) errors.amount = t("payment.wrong_amount");
        else if (isPositive(subtract(amount, most))) errors.amount = t("refund.too_much", { amount: formatMoney(most) });
        return { amount };
      },
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/${path}`, body, key)
    });
  }

  // src/dialogs/corrections.js
  var CHANNELS = ["", "email", "salesbot", "sms", "none"];
  function openReverse(context, handlers) {
    const { t, api, subject: payment } = context;
    const receipt = payment.receipt && payment.receipt.state === "registered";
    return openDecision(context, handlers, {
      name: "reverse",
      danger: true,
      before: html`<p class="grafik-dialog__lead">${t("reverse.lead", { amount: formatMoney(payment.amount), day: formatDay(payment.received_at), method: t.known(`method.${payment.method}`) || payment.method })}</p>`,
      effects: () => [t("reverse.effect_rows"), receipt && t("reverse.effect_receipt"), t("reverse.effect_history")],
      send: (body, key) => api.send("POST", `payments/${payment.id}/reverse/`, body, key)
    });
  }
  function openRendered(context, handlers) {
    const { t, api, card, today } = context;
    return openDecision(context, handlers, {
      name: "rendered",
      reasonless: true,
      before: html`<div class="grafik-pair">${dateField({ t, name: "on", label: t("rendered.on"), value: today })}
      ${inputField({ name: "amount", label: t("rendered.amount"), mode: "decimal", suffix: "₽", hint: t("rendered.amount_hint") })}</div>`,
      effects: () => [t("rendered.effect_receipts"), t("rendered.effect_debt")],
      read(form, errors) {
        const on = parseDay(form.elements.on.value);
        const typed = form.elements.amount.value.trim();
        const amount = parseMoney(typed);
        if (!on) errors.on = t("payment.wrong_day");
        else if (on > today) errors.on = t("payment.future_day", { today: formatDay(today) });
        if (typed && !amount) errors.amount = t("payment.wrong_amount");
        return amount ? { on, amount } : { on };
      },
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/service-rendered/`, body, key)
    });
  }
  function openChannel(context, handlers) {
    const { t, api, card } = context;
    return openDecision(context, handlers, {
      name: "reminders",
      reasonless: true,
      before: selectField({ name: "channel", label: t("reminders.how"), value: card.reminders_by || "", options: CHANNELS.map((name) => [name, t(`reminders.by_${name || "policy"}`)]) }),
      effects: (form) => [t(form.elements.channel.value === "none" ? "reminders.effect_none" : "reminders.effect_payer"), t("reminders.effect_invoices")],
      read: (form) => ({ channel: form.elements.channel.value || null }),
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/channel/`, body, key)
    });
  }

  // src/dialogs/act.js
  function actFields(t, today) {
    return html`<div class="grafik-pair">${dateField({ t, name: "on", label: t("act.on"), value: today })}
    ${inputField({ name: "amount", label: t("rendered.amount"), mode: "decimal", suffix: "₽", hint: t("rendered.amount_hint") })}</div>`;
  }
  function readAct(t, form, today, errors) {
    const on = parseDay(form.elements.on.value);
    const typed = form.elements.amount.value.trim();
    const amount = parseMoney(typed);
    if (!on) errors.on = t("payment.wrong_day");
    else if (on > today) errors.on = t("payment.future_day", { today: formatDay(today) });
    if (typed && !amount) errors.amount = t("payment.wrong_amount");
    return amount ? { on, amount } : { on };
  }
  function openActAccept(context, handlers) {
    const { t, api, subject: paper, today } = context;
    return openDecision(context, handlers, {
      name: "act_accept",
      reasonless: true,
      before: html`<p class="grafik-dialog__lead">${paper.name}</p>${dateField({ t, name: "on", label: t("sign.on"), value: today })}`,
      effects: () => [
        paper.act.renders ? t("act_accept.effect_rendered", { amount: formatMoney(paper.act.amount), day: formatDay(paper.act.on) }) : t("act_accept.effect_mark"),
        paper.act.renders && t("rendered.effect_receipts"),
        t("act_accept.effect_stays")
      ],
      read(form, errors) {
        const on = parseDay(form.elements.on.value);
        if (!on) errors.on = t("payment.wrong_day");
        else if (on > today) errors.on = t("payment.future_day", { today: formatDay(today) });
        else if (on < paper.act.on) errors.on = t("act_accept.before", { day: formatDay(paper.act.on) });
        return { on };
      },
      send: (body, key) => api.send("POST", `documents/${paper.id}/accept/`, body, key)
    });
  }
  function openActVoid(context, handlers) {
    const { t, api, subject: paper } = context;
    return openDecision(context, handlers, {
      name: "act_void",
      danger: true,
      before: html`<p class="grafik-dialog__lead">${paper.name}</p>`,
      effects: () => [t("act_void.effect_hidden"), t("act_void.effect_sum")],
      send: (body, key) => api.send("POST", `documents/${paper.id}/void/`, body, key)
    });
  }

  // src/dialogs/document.js
  function openDocument({ api, t }, id, onProblem) {
    const ask = () => api.get(`documents/${id}/`, hasUrl).then((found) => found.url);
    return openInTab(ask, t("documents.opening")).then(
      (opened) => opened || onProblem(t("documents.blocked")),
      (error) => onProblem(explain(t, error).text)
    );
  }
  function openNewDocument(context, { onDone, onClosed }) {
    const { t, api, card, today } = context;
    return openDialog(context, {
      title: t("documents.new"),
      content: html`<div class="grafik-templates" role="radiogroup" aria-label="${t("documents.which")}" aria-live="polite"></div><div class="grafik-of-template"></div>`,
      submitLabel: t("documents.make"),
      collect: (form) => collect2(t, form, today),
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/documents/`, body, key, isDocument),
      doneView: (made) => madeView(t, made),
      onDone,
      onReady(dialog) {
        loadTemplates(context, dialog);
        dialog.form.addEventListener("change", () => showOwnFields(context, dialog));
        dialog.form.addEventListener("click", (event) => {
          const place = event.target.closest("[data-action]");
          if (!place) return;
          if (place.dataset.action === "templates_again") loadTemplates(context, dialog);
          if (place.dataset.action === "open_document") openDocument(context, place.dataset.id, (text) => dialog.showProblem(text));
        });
      },
      onClosed
    });
  }
  function openDocumentSend(context, handlers) {
    const { t, api, card, subject: paper } = context;
    const mail = channelsOf(card).find((one) => one.channel === "email");
    return openDecision(context, handlers, {
      name: "document_send",
      reasonless: true,
      before: html`<p class="grafik-dialog__lead">${paper.name}</p>${inputField({ name: "to", label: t("receipt_send.to"), value: mail ? mail.to : "", type: "email", first: true })}`,
      effects: () => [t("document_send.effect_mail"), t("document_send.effect_page")],
      read(form, errors) {
        const to = form.elements.to.value.trim();
        if (!to) errors.to = t("receipt_send.wrong");
        return { to };
      },
      send: (body, key) => api.send("POST", `documents/${paper.id}/send/`, body, key)
    });
  }
  var chosenOf = (form) => form.querySelector('[name="template"]:checked');
  function collect2(t, form, today) {
    const chosen2 = chosenOf(form);
    if (!chosen2) return null;
    const errors = {};
    const own = form.elements.on ? readAct(t, form, today, errors) : {};
    showFieldErrors(form, errors);
    return Object.keys(errors).length ? null : { template: chosen2.value, ...own };
  }
  function showOwnFields({ t, today }, dialog) {
    const place = dialog.form.querySelector(".grafik-of-template");
    const chosen2 = chosenOf(dialog.form);
    const wanted = chosen2 ? chosen2.dataset.fields : "";
    if (place.dataset.shown === wanted) return;
    place.dataset.shown = wanted;
    place.innerHTML = String(wanted ? actFields(t, today) : "");
    dialog.recentre();
  }
  function loadTemplates({ api, t }, dialog) {
    const place = dialog.form.querySelector(".grafik-templates");
    const show = (markup) => {
      if (!dialog.isOpen()) return;
      place.innerHTML = String(markup);
      dialog.recentre();
      const first = place.querySelector("input, button");
      if (first) first.focus();
    };
    show(html`<p class="grafik-preview__note"><span class="grafik-ring" aria-hidden="true"></span>${t("documents.loading")}</p>`);
    api.get("templates/", hasResults).then(
      (answer) => show(templatesView(answer.results)),
      (error) => show(callout("error", explain(t, error).text, button({ action: "templates_again", kind: "small", label: t("panel.retry") })))
    );
  }
  function templatesView(templates) {
    return html`${templates.map(
      ({ key, name, format, fields = [] }, index) => html`<label class="grafik-check"><input type="radio" name="template" value="${key}" data-fields="${fields.join(" ")}"${index === 0 && html` checked`}><span>${name} <small class="grafik-hint">${format.toUpperCase()}</small></span></label>`
    )}`;
  }
  function madeView(t, made) {
    return html`<div class="grafik-made"><span>${t("documents.made")}</span><b>${made.name}</b>
    ${button({ action: "open_document", id: made.id, kind: "primary", label: t("documents.open"), name: `${t("documents.open")}: ${made.name}` })}</div>`;
  }

  // src/dialogs/history.js
  function openHistory(context, { onClosed }) {
    const { t, api, card, nameOf } = context;
    return openDialog(context, {
      title: t("history.title"),
      content: html`<div class="grafik-history" aria-live="polite" tabindex="0" role="region" aria-label="${t("history.title")}"></div>`,
      onReady(dialog) {
        const place = dialog.form.querySelector(".grafik-history");
        const load = () => {
          place.innerHTML = String(html`<p class="grafik-preview__note"><span class="grafik-ring" aria-hidden="true"></span>${t("panel.loading")}</p>`);
          api.get(`deals/${card.lead_id}/history/`, hasResults).then(
            (answer) => show(historyView(t, answer.results, nameOf)),
            (error) => show(callout("error", explain(t, error).text, button({ action: "history_again", label: t("panel.retry") })))
          );
        };
        const show = (markup) => {
          place.innerHTML = String(markup);
          dialog.recentre();
          place.scrollTop = place.scrollHeight;
        };
        place.addEventListener("click", (event) => {
          if (event.target.closest('[data-action="history_again"]')) load();
        });
        load();
      },
      onClosed
    });
  }
  function historyView(t, events, nameOf) {
    if (!events.length) return html`<p class="grafik-hint">${t("history.empty")}</p>`;
    return html`<ol class="grafik-events">${events.map((event) => eventView(t, event, nameOf))}</ol>`;
  }
  function eventView(t, event, nameOf) {
    return html`<li class="grafik-event"><div class="grafik-event__what">${event.text}</div><div class="grafik-row__note"><span>${formatMoment(event.at)}</span><span>${whoWords(t, event, nameOf)}</span></div></li>`;
  }
  function whoWords(t, { who, who_name: name }, nameOf) {
    const user = /^user:(\d+)$/.exec(who);
    if (user) return nameOf(user[1]) || name || t("who.user", { id: user[1] });
    return t.known(`who.${who}`) || who;
  }

  // src/views/lists.js
  var INSTALLMENTS_SHOWN = 4;
  var OTHERS_SHOWN = 2;
  var INVOICE_TONES = { open: "info", paid: "success" };
  var REFUND_TONES = { failed: "error", given_up: "muted" };
  var ACT_TONES = { open: "warning", accepted: "success" };
  var ROW_TONES = { overdue: "error", partially_paid: "warning", invoiced: "info", paid: "success", planned: "muted" };
  var RECEIPT_TONES = { registered: "success", failed: "error", open: "warning", sent: "info" };
  function installmentsView({ t, card, ui }) {
    if (!card.installments.length) return "";
    const open = card.installments.findIndex((row) => row.state !== "paid");
    const rows2 = card.installments.map((row) => installmentRow(t, row));
    const list = folded({
      t,
      rows: rows2,
      key: "installments",
      expanded: ui.expanded.has("installments"),
      limit: INSTALLMENTS_SHOWN,
      from: Math.max(0, open - 1)
    });
    return section(t("installments.title"), html`<ul class="grafik-list">${list}</ul>`, counter(card));
  }
  function counter(card) {
    const paid = card.installments.filter((row) => row.state === "paid").length;
    return html` <span class="grafik-section__count">${paid}/${card.installments.length}</span>`;
  }
  function installmentRow(t, row) {
    const moved = row.effective_due_on && row.effective_due_on !== row.due_on;
    const part = row.state !== "paid" && isPositive(subtract(row.amount, restOf(row))) && t("installments.part", { rest: formatMoney(restOf(row)) });
    return html`<li class="grafik-row" data-installment="${row.number}">
    <div class="grafik-row__main"><span>${row.number}. ${formatDay(row.due_on)}</span><span class="grafik-row__sum">${formatMoney(row.amount)}</span></div>
    <div class="grafik-row__note"><span class="grafik-tone_${ROW_TONES[row.state] || "muted"}">${t.known(`installment_state.${row.state}`) || row.state}</span>
      <span>${part || moved && row.state !== "paid" && t("installments.moved", { day: formatDay(row.effective_due_on) })}</span></div>
    ${row.payer && note("muted", t("installments.payer", { name: row.payer.name }))}</li>`;
  }
  function invoicesView({ t, card, ui }) {
    const rows2 = [...card.invoices.filter((one) => one.state !== "void").reverse(), ...card.invoices.filter((one) => one.state === "void").reverse()];
    if (!rows2.length) return "";
    const list = folded({
      t,
      rows: rows2.map((invoice) => invoiceRow(t, card, invoice, ui)),
      key: "invoices",
      expanded: ui.expanded.has("invoices"),
      limit: OTHERS_SHOWN
    });
    return section(t("invoices.title"), html`<ul class="grafik-list">${list}</ul>`);
  }
  function invoiceRow(t, card, invoice, ui) {
    const what = t("invoices.name", { number: invoice.number });
    const open = invoice.state === "open";
    const id = `invoice-${invoice.id}`;
    const sendLabel = invoice.sent.length ? t("invoices.resend") : t("invoices.send");
    return html`<li class="grafik-row" data-invoice="${invoice.id}">
    <div class="grafik-row__main"><span>${what}</span><span class="grafik-row__sum">${formatMoney(invoice.amount)}</span></div>
    <div class="grafik-row__note"><span class="grafik-tone_${INVOICE_TONES[invoice.state] || "muted"}">${t.known(`invoice_state.${invoice.state}`) || invoice.state}</span><span>${sentNote(t, invoice)}</span></div>
    ${open && html`<div class="grafik-row__actions">
      ${copyButton({ t, id, text: invoice.url, label: t("copy.link"), what, copied: ui.copied })}
      ${card.actions.includes("invoice") && button({ action: "send", id: invoice.id, kind: "small", label: sendLabel, name: `${sendLabel}: ${what}` })}
      ${card.actions.includes("void") && button({ action: "void", id: invoice.id, kind: "link", label: t("invoices.void"), name: `${t("invoices.void")}: ${what}` })}</div>`}</li>`;
  }
  function sentNote(t, invoice) {
    if (!invoice.sent.length) return invoice.state === "open" ? t("invoices.not_sent") : "";
    const failed = invoice.sent.find((one) => one.state === "failed" || one.state === "parked");
    const shown = failed || invoice.sent[invoice.sent.length - 1];
    return html`<span class="${failed ? "grafik-tone_error" : ""}">${sentWords(t, shown)}</span>`;
  }
  function sentWords(t, one) {
    const channel = t.known(`channel.${one.channel}`) || one.channel;
    const state = t.known(`sent_state.${one.state}`);
    return state || !one.at ? t("sent.state", { channel, state }) : t("sent.on", { channel, day: formatDay(one.at) });
  }
  function paymentsView({ t, card, ui }) {
    if (!card.payments.length) return "";
    const rows2 = [...card.payments].sort((one, other) => String(other.received_at).localeCompare(String(one.received_at)) || other.id - one.id);
    const list = folded({
      t,
      rows: rows2.map((payment) => paymentRow(t, card, payment)),
      key: "payments",
      expanded: ui.expanded.has("payments"),
      limit: OTHERS_SHOWN
    });
    return section(t("payments.title"), html`<ul class="grafik-list">${list}</ul>`);
  }
  function paymentRow(t, card, payment) {
    const receipt = payment.receipt;
    return html`<li class="grafik-row" data-payment="${payment.id}">
    <div class="grafik-row__main"><span>${formatDay(payment.received_at)}</span><span class="grafik-row__sum">${formatIn(payment.currency, payment.amount)}</span></div>
    ${payment.currency !== "RUB" && html`<div class="grafik-row__note"><span class="grafik-tone_warning">${t("payments.uncounted")}</span></div>`}
    <div class="grafik-row__note"><span>${t.known(`method.${payment.method}`) || payment.method}</span>
      <span class="grafik-tone_${RECEIPT_TONES[receiptState(receipt)] || "muted"}">${receiptNote(t, receipt)}</span></div>
    ${refundsView(t, payment)}
    ${payment.moved && isPositive(payment.moved) && note("warning", t("payments.moved", { amount: formatMoney(payment.moved) }))}
    ${isPositive(payment.reversed || "0.00") && note("warning", t("payments.reversed", { amount: formatMoney(payment.reversed) }))}
    ${payment.moved_from && note("muted", t("payments.moved_from", { lead: payment.moved_from }))}
    ${paymentActions(t, card, payment)}</li>`;
  }
  function paymentActions(t, card, payment) {
    const what = `${formatMoney(payment.amount)}, ${formatDay(payment.received_at)}`;
    const left = refundable(card).includes(payment);
    const act = (action, label) => button({ action, id: payment.id, kind: "link", label, name: `${label}: ${what}` });
    const rows2 = [
      left && card.actions.includes("refund") && act("refund", t("payments.refund")),
      left && card.actions.includes("move") && act("move", t("payments.move")),
      card.actions.includes("reverse") && reversible(payment) && act("reverse", t("payments.reverse")),
      receiptState(payment.receipt) === "registered" && card.actions.length > 0 && act("receipt_send", t("payments.receipt_send"))
    ].filter(Boolean);
    return rows2.length > 0 && html`<div class="grafik-row__actions grafik-row__actions_links">${rows2}</div>`;
  }
  function note(tone, words2) {
    return html`<div class="grafik-row__note"><span class="grafik-tone_${tone}">${words2}</span></div>`;
  }
  function refundsView(t, payment) {
    const listed = payment.refunds || [];
    const rows2 = listed.map((one) => note(REFUND_TONES[one.state] || "warning", refundWords(t, payment, one)));
    if (rows2.length) return rows2;
    return isPositive(payment.refunded) && note("warning", t("payments.refunded", { amount: formatIn(payment.currency, payment.refunded) }));
  }
  function refundWords(t, payment, { amount, state, method, error }) {
    const words2 = t.known(`refund_state.${method === "chargeback" ? "chargeback" : state}`) || state;
    return `${words2} ${formatIn(payment.currency, amount)}${error ? `: ${error}` : ""}`;
  }
  function receiptNote(t, receipt) {
    const state = receiptState(receipt);
    const words2 = t.known(`receipt.${state}`) || state;
    if (!receipt) return words2;
    const reason = receipt.reason && reasonWords(t, receipt.reason);
    if (receipt.url) return link(receipt.url, words2);
    return reason ? `${words2}: ${reason}` : words2;
  }
  function reasonWords(t, reason) {
    return t.known(`receipt_reason.${reason}`) || (/^[\w.:-]+$/.test(reason) ? t("receipt_reason.other") : reason);
  }
  function receiptState(receipt) {
    if (!receipt) return "none";
    return receipt.state === "planned" && receipt.reason ? "open" : receipt.state;
  }
  function documentsView({ t, card, ui }) {
    if (!card.documents.length) return "";
    const rows2 = card.documents.map((one) => documentRow(t, card, one)).reverse();
    const list = folded({ t, rows: rows2, key: "documents", expanded: ui.expanded.has("documents"), limit: OTHERS_SHOWN });
    return section(t("documents.title"), html`<ul class="grafik-list">${list}</ul>`);
  }
  function documentRow(t, card, { id, name, kind, created_at: made, act }) {
    const label = t("documents.open");
    const sends = kind !== "invoice" && card.actions.includes("document") && !(act && act.state === "void");
    return html`<li class="grafik-row" data-document="${id}">
    <div class="grafik-row__main"><span>${name}</span>${act && html`<span class="grafik-row__sum">${formatMoney(act.amount)}</span>`}</div>${act && actView(t, card, id, name, act)}
    <div class="grafik-row__note grafik-row__note_level"><span>${formatMoment(made)}</span><span class="grafik-row__links">${sends && button({ action: "document_send", id, kind: "link", label: t("invoices.send"), name: `${t("invoices.send")}: ${name}` })}${button({ action: "open_document", id, kind: "link", label, name: `${label}: ${name}` })}</span></div></li>`;
  }
  function actView(t, card, id, name, { state, accepted_on: on, reason }) {
    const words2 = t(`act_state.${state}`, { day: on ? formatDay(on) : "" });
    const act = (action, text) => button({ action, id, kind: "link", label: text, name: `${text}: ${name}` });
    const rows2 = state === "open" && card.actions.includes("document") && [act("act_accept", t("act_accept.button")), act("act_void", t("act_void.button"))];
    return html`${note(ACT_TONES[state] || "muted", reason ? `${words2}: ${reason}` : words2)}${rows2 && html`<div class="grafik-row__actions grafik-row__actions_links">${rows2}</div>`}`;
  }

  // src/dialogs/invoice.js
  function openInvoice(context, { onDone, onClosed }) {
    const { t, api, card } = context;
    const next = card.next;
    return openDialog(context, {
      title: t("invoice.title"),
      content: html`<p class="grafik-dialog__lead">${t("invoice.for_row", { number: next.number, day: formatDay(next.due_on) })}</p>
      ${inputField({ name: "amount", label: t("invoice.amount"), value: formatNumber(next.amount), mode: "decimal", suffix: "₽", first: true })}
      ${channelsView(t, card)}`,
      submitLabel: t("invoice.submit"),
      collect(form) {
        const amount = parseMoney(form.elements.amount.value);
        showFieldErrors(form, amount ? {} : { amount: t("payment.wrong_amount") });
        if (!amount) return null;
        const send = chosen(form);
        return { ...amount === next.amount ? { installment: next.number } : { amount }, send };
      },
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/invoices/`, body, key, isInvoice),
      doneView: (invoice) => issuedView(t, invoice),
      onDone,
      onClosed
    });
  }
  function openSend(context, { onDone, onClosed }) {
    const { t, api, card, subject: invoice } = context;
    const reachable2 = channelsOf(card).length > 0;
    return openDialog(context, {
      title: t("invoices.name", { number: invoice.number }),
      content: html`<p class="grafik-dialog__lead">${t("invoice.send_lead", { amount: formatMoney(invoice.amount) })}</p>${channelsView(t, card)}
      <div class="grafik-message" aria-live="polite"></div>${sentView(t, invoice)}`,
      submitLabel: reachable2 ? t("invoices.send") : "",
      collect(form) {
        const channels = chosen(form);
        showFieldErrors(form, {});
        return channels.length ? { channels } : null;
      },
      send: (body, key) => api.send("POST", `invoices/${invoice.id}/send/`, body, key),
      onReady: (dialog) => loadMessage(context, dialog),
      onDone,
      onClosed
    });
  }
  function loadMessage({ t, api, subject: invoice }, dialog) {
    const place = dialog.form.querySelector(".grafik-message");
    const show = (markup) => {
      if (!dialog.isOpen()) return;
      place.innerHTML = String(markup);
      dialog.recentre();
    };
    const load = () => {
      show(html`<p class="grafik-preview__note"><span class="grafik-ring" aria-hidden="true"></span>${t("invoice.loading")}</p>`);
      api.get(`invoices/${invoice.id}/`, hasText).then(
        (found) => show(messageView(t, found)),
        (error) => show(callout("error", explain(t, error).text, button({ action: "message_again", kind: "small", label: t("panel.retry") })))
      );
    };
    place.addEventListener("click", (event) => {
      if (event.target.closest('[data-action="message_again"]')) load();
    });
    load();
  }
  function messageView(t, invoice) {
    const what = t("invoices.name", { number: invoice.number });
    return html`<div class="grafik-quote"><b>${t("invoice.message")}</b><p>${invoice.text}</p>${copyPair({ t, id: `message-${invoice.id}`, url: invoice.url, text: invoice.text, what, copied: "" })}</div>`;
  }
  function issuedView(t, invoice) {
    const sent = invoice.sent.length ? t("invoice.issued_sent") : t("invoice.issued");
    return html`<div class="grafik-made"><b>${t("invoices.name", { number: invoice.number })}, ${formatMoney(invoice.amount)}</b><span>${sent}</span></div>${messageView(t, invoice)}`;
  }
  function channelsView(t, card) {
    const channels = channelsOf(card);
    if (!channels.length) return callout("warning", t("invoice.no_channel"), html`<div class="grafik-hint">${t("way_out.no_email")}</div>`);
    return html`<div class="grafik-channels" role="group" aria-label="${t("invoice.channels")}">
    ${channels.map(({ channel, to }, index) => checkField({ name: "channel", value: channel, label: t.known(`invoice.by_${channel}`, { to }) || `${channel} ${to}`, checked: index === 0 }))}</div>`;
  }
  function sentView(t, invoice) {
    if (!invoice.sent.length) return "";
    const rows2 = invoice.sent.map((one) => html`<li>${sentWords(t, one)}</li>`);
    return html`<div class="grafik-effects"><b>${t("invoice.sent_before")}</b><ul>${rows2}</ul></div>`;
  }
  function chosen(form) {
    return Array.from(form.querySelectorAll('input[name="channel"]:checked'), (box) => box.value);
  }

  // src/dialogs/life.js
  var SPREADS = ["evenly", "at_the_end"];
  function openPause(context, handlers) {
    const { t, api, card } = context;
    return openDecision(context, handlers, {
      name: "pause",
      before: dateField({ t, name: "until", label: t("pause.until"), hint: t("pause.until_hint") }),
      effects: () => [t("pause.effect_quiet"), t("pause.effect_debt")],
      read(form, errors) {
        const { value } = form.elements.until;
        const until = value.trim() ? parseDay(value) : null;
        if (value.trim() && !until) errors.until = t("payment.wrong_day");
        return { until };
      },
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/schedule/pause/`, body, key)
    });
  }
  function openResume(context, handlers) {
    const { t, api, card } = context;
    return openDecision(context, handlers, {
      name: "resume",
      reasonless: true,
      before: html`${card.pause && html`<p class="grafik-dialog__lead">${t("resume.since", { day: formatDay(card.pause.since), reason: card.pause.reason })}</p>`}
      ${checkField({ name: "shift", label: t("resume.shift") })}`,
      effects: (form) => [form.elements.shift.checked ? t("resume.effect_shifted") : t("resume.effect_dates"), t("resume.effect_again")],
      read: (form) => ({ shift: form.elements.shift.checked, version: card.version }),
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/schedule/resume/`, body, key)
    });
  }
  function openSign(context, handlers) {
    const { t, api, card, today } = context;
    return openDecision(context, handlers, {
      name: "sign",
      reasonless: true,
      before: dateField({ t, name: "signed_on", label: t("sign.on"), value: today }),
      effects: () => [t("sign.effect")],
      read(form, errors) {
        const day = parseDay(form.elements.signed_on.value);
        if (!day) errors.signed_on = t("payment.wrong_day");
        return { signed_on: day, version: card.version };
      },
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/schedule/sign/`, body, key)
    });
  }
  function openMoveDate(context, handlers) {
    const { t, api, card } = context;
    const open = card.installments.filter((row) => row.state !== "paid");
    const options = open.map((row) => [String(row.number), t("move_date.row", { number: row.number, day: formatDay(row.due_on), amount: formatMoney(restOf(row)) })]);
    return openDecision(context, handlers, {
      name: "move_date",
      before: html`${selectField({ name: "number", label: t("move_date.which"), options })}${dateField({ t, name: "due_on", label: t("move_date.to") })}`,
      effects: () => [t("move_date.effect_others"), t("move_date.effect_reminders")],
      read(form, errors) {
        const day = parseDay(form.elements.due_on.value);
        if (!day) errors.due_on = t("payment.wrong_day");
        return { number: Number(form.elements.number.value), due_on: day, version: card.version };
      },
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/schedule/move/`, body, key)
    });
  }
  function openTotal(context, handlers) {
    const { t, api, card } = context;
    const paid = card.next === null;
    return openDecision(context, handlers, {
      name: "change_total",
      before: html`${inputField({ name: "total", label: t("schedule.total"), value: formatNumber(card.total), mode: "decimal", suffix: "₽", first: true })}
      ${paid ? dateField({ t, name: "due_on", label: t("change_total.due_on") }) : selectField({ name: "spread", label: t("change_total.spread"), options: SPREADS.map((name) => [name, t(`change_total.${name}`)]) })}`,
      effects: (form) => totalEffects(t, card, parseMoney(form.elements.total.value)),
      read(form, errors) {
        const total = parseMoney(form.elements.total.value);
        if (!total) errors.total = t("payment.wrong_amount");
        else if (!isPositive(subtract(total, card.total)) && !isPositive(subtract(card.total, total))) errors.total = t("change_total.same");
        const body = { total, version: card.version };
        if (!paid) return { ...body, spread: form.elements.spread.value };
        const day = parseDay(form.elements.due_on.value);
        if (!day) errors.due_on = t("payment.wrong_day");
        return { ...body, due_on: day };
      },
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/schedule/total/`, body, key)
    });
  }
  function openTransfer(context, handlers) {
    const { t, api, card } = context;
    return openDecision(context, handlers, {
      name: "transfer",
      before: html`${inputField({ name: "programme", label: t("transfer.programme"), value: card.programme || "", first: true })}${inputField({ name: "cohort", label: t("transfer.cohort"), value: card.cohort || "" })}`,
      effects: () => [t("transfer.effect")],
      read(form, errors) {
        const programme = form.elements.programme.value.trim();
        const cohort = form.elements.cohort.value.trim();
        if (programme === (card.programme || "") && cohort === (card.cohort || "")) errors.cohort = t("transfer.same");
        return { programme: programme || null, cohort: cohort || null, version: card.version };
      },
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/schedule/transfer/`, body, key)
    });
  }
  function totalEffects(t, card, total) {
    if (!total) return [];
    return [t("change_total.effect", { debt: formatMoney(subtract(total, card.paid)) }), t("change_total.effect_invoices")];
  }

  // src/views/preview.js
  function previewView(t, preview) {
    return html`
    ${(preview.warnings || []).map((warning) => callout("warning", warning.text))}
    <table class="grafik-table">
      <caption class="grafik-hidden">${t("schedule.preview")}</caption>
      <thead><tr><th scope="col">${t("schedule.number")}</th><th scope="col">${t("schedule.day")}</th><th scope="col" class="grafik-table__sum">${t("schedule.amount")}</th></tr></thead>
      <tbody>${preview.installments.map((row) => rowView(t, row))}</tbody>
      <tfoot><tr><th scope="row" colspan="2">${t("schedule.sum", { count: t.count("schedule.payments", preview.installments.length) })}</th><td class="grafik-table__sum">${formatMoney(sumOf(preview.installments))}</td></tr></tfoot>
    </table>
    ${changesView(t, preview.changes || [])}`;
  }
  function previewSummary(t, preview) {
    const rows2 = preview.installments;
    return t("schedule.summary", { count: t.count("schedule.payments", rows2.length), sum: formatMoney(sumOf(rows2)) });
  }
  function previewNote(text, ring = false, way2 = "") {
    return html`<p class="grafik-preview__note">${ring && html`<span class="grafik-ring" aria-hidden="true"></span>`}${text}</p>${way2}`;
  }
  function sumOf(rows2) {
    return add("0.00", ...rows2.map((row) => row.amount));
  }
  function rowView(t, row) {
    const moved = row.effective_due_on && row.effective_due_on !== row.due_on;
    return html`<tr><td>${row.number}</td><td>${formatDay(row.due_on)}${moved && html`<small>${t("installments.moved", { day: formatDay(row.effective_due_on) })}</small>`}</td><td class="grafik-table__sum">${formatMoney(row.amount)}</td></tr>`;
  }
  function changesView(t, changes) {
    if (!changes.length) return "";
    const rows2 = changes.map((change) => html`<li class="grafik-change grafik-change_${change.kind}">${change.text}</li>`);
    return html`<section><h3 class="grafik-section__title">${t("schedule.changes")}</h3><ul class="grafik-changes">${rows2}</ul></section>`;
  }

  // src/dialogs/move.js
  function openMove(context, { onDone, onConflict, onClosed }) {
    const { t, api, card, subject } = context;
    const payment = subject || refundable(card)[0];
    return openDialog(context, {
      title: t("move.title"),
      content: contentView(t, payment, offered(card, payment, subject)),
      submitLabel: t("move.submit"),
      collect: (form) => collect3(t, form, payment),
      send: (body, key) => api.send("POST", `payments/${payment.id}/move/`, body, key),
      onReady(dialog) {
        const { form } = dialog;
        const show = () => {
          form.querySelector(".grafik-move__effects").innerHTML = String(effectsView(t, moveEffects(t, card, form.elements.lead_id.value, parseMoney(form.elements.amount.value))));
        };
        form.addEventListener("input", show);
        form.addEventListener("change", show);
        offer(context, dialog);
        show();
      },
      onDone,
      onConflict,
      onClosed
    });
  }
  function contentView(t, payment, amount) {
    return html`<p class="grafik-dialog__lead">${t("move.lead", { amount: formatMoney(payment.amount), left: formatMoney(leftOf(payment)) })}</p>
    <div class="grafik-offers" aria-live="polite"></div>
    <div class="grafik-pair">${inputField({ name: "lead_id", label: t("move.deal"), mode: "numeric", first: true })}
    ${inputField({ name: "amount", label: t("refund.amount"), value: formatNumber(amount), mode: "decimal", suffix: "₽" })}</div>
    ${textField({ name: "reason", label: t("decision.reason"), hint: t("schedule.reason_hint") })}
    <div class="grafik-move__effects" aria-live="polite"></div>`;
  }
  function offer({ t, api, card }, dialog) {
    const place = dialog.form.querySelector(".grafik-offers");
    place.addEventListener("change", (event) => {
      dialog.form.elements.lead_id.value = event.target.value;
    });
    place.innerHTML = String(previewNote(t("move.looking"), true));
    api.get(`deals/${card.lead_id}/credit/`, isOffers).then(
      (answer) => {
        if (!dialog.isOpen()) return;
        const found = candidates(answer);
        place.innerHTML = String(found.length ? offersView(t, found) : previewNote(t("move.nothing_found")));
        dialog.recentre();
      },
      () => {
        place.innerHTML = String(previewNote(t("move.not_found")));
      }
    );
  }
  function candidates({ deals, together = [] }) {
    return [...deals, ...together.filter((one) => !deals.some((other) => other.lead_id === one.lead_id))];
  }
  function moveEffects(t, card, lead, amount) {
    if (!amount) return [];
    const reopened = subtract(amount, card.credit);
    const number = lead.replace(/\D/g, "");
    return [
      number ? t("move.effect_there", { amount: formatMoney(amount), lead: number }) : t("move.effect_other", { amount: formatMoney(amount) }),
      isPositive(reopened) ? t("move.effect_debt", { debt: formatMoney(add(card.debt, reopened)) }) : t("move.effect_credit"),
      t("move.effect_receipt")
    ];
  }
  function offersView(t, deals) {
    if (!deals.length) return "";
    return html`<div class="grafik-templates" role="radiogroup" aria-label="${t("move.other_deals")}">${deals.map(
      (one) => html`<label class="grafik-check"><input type="radio" name="offer" value="${one.lead_id}"><span>${one.name || `#${one.lead_id}`} <small class="grafik-hint">${t("move.owes", { debt: formatMoney(one.debt) })}</small></span></label>`
    )}</div>`;
  }
  function collect3(t, form, payment) {
    const lead = form.elements.lead_id.value.replace(/\D/g, "");
    const amount = parseMoney(form.elements.amount.value);
    const reason = form.elements.reason.value.trim();
    const errors = {};
    if (!lead) errors.lead_id = t("move.wrong_deal");
    if (!amount) errors.amount = t("payment.wrong_amount");
    else if (isPositive(subtract(amount, leftOf(payment)))) errors.amount = t("refund.too_much", { amount: formatMoney(leftOf(payment)) });
    if (!reason) errors.reason = t("decision.wrong_reason");
    showFieldErrors(form, errors);
    return Object.keys(errors).length ? null : { lead_id: Number(lead), amount, reason };
  }

  // src/dialogs/payer.js
  var KINDS2 = ["contact", "company", "third_party"];
  var REQUISITES = ["inn", "kpp", "address"];
  function openPayer(context, handlers) {
    const { t, api, card } = context;
    const now = named(card.payer);
    const open = card.installments.filter((row) => row.state !== "paid");
    const rows2 = [["", t("payer.whole_deal")], ...open.map((row) => [String(row.number), t("move_date.row", { number: row.number, day: formatDay(row.due_on), amount: formatMoney(row.amount) })])];
    const value = (name) => now && now[name] || "";
    return openDecision(context, handlers, {
      name: "payer",
      reasonless: true,
      before: html`${open.length > 0 && selectField({ name: "row", label: t("payer.row"), options: rows2 })}${selectField({ name: "kind", label: t("payer.kind"), value: now ? now.kind : "contact", options: KINDS2.map((name) => [name, t(`payer.kind_${name}`)]) })}
      <div class="grafik-fields" data-payer="named">${inputField({ name: "name", label: t("payer.name"), value: value("name") })}
      <div class="grafik-pair" data-payer="company">${inputField({ name: "inn", label: t("payer.inn"), value: value("inn"), mode: "numeric" })}${inputField({ name: "kpp", label: t("payer.kpp"), value: value("kpp"), mode: "numeric" })}</div>
      <div data-payer="company">${inputField({ name: "address", label: t("payer.address"), value: value("address") })}</div>
      ${inputField({ name: "email", label: t("payer.email"), value: value("email"), type: "email" })}</div>`,
      ready: (form) => open.length > 0 && form.elements.row.addEventListener("change", () => showPayer(form, card)),
      effects(form) {
        const kind = form.elements.kind.value;
        form.querySelector('[data-payer="named"]').hidden = kind === "contact";
        form.querySelectorAll('[data-payer="company"]').forEach((place) => {
          place.hidden = kind !== "company";
        });
        const row = open.length > 0 && form.elements.row.value;
        return [row ? t(`payer.effect_row_${kind === "contact" ? "contact" : "other"}`, { number: row }) : t(`payer.effect_${kind}`)];
      },
      read: (form, errors) => readPayer(t, form.elements, errors),
      send: ({ kind, row, ...payer }, key) => {
        const path = `deals/${card.lead_id}/${row ? `schedule/rows/${row}/` : ""}payer/`;
        return kind === "contact" ? api.send("DELETE", path, {}, key) : api.send("PUT", path, { kind, ...payer }, key);
      }
    });
  }
  function named(payer) {
    return payer && payer.kind !== "person" ? payer : null;
  }
  function showPayer(form, card) {
    const row = card.installments.find((one) => String(one.number) === form.elements.row.value);
    const payer = named(row ? row.payer : card.payer);
    form.elements.kind.value = payer ? payer.kind : "contact";
    ["name", "email", ...REQUISITES].forEach((name) => {
      form.elements[name].value = payer && payer[name] || "";
    });
  }
  function readPayer(t, fields, errors) {
    const kind = fields.kind.value;
    const row = fields.row ? fields.row.value : "";
    if (kind === "contact") return { kind, row };
    const payer = { kind, row, name: fields.name.value.trim(), email: fields.email.value.trim() };
    if (!payer.name) errors.name = t("payer.wrong_name");
    if (kind === "company") REQUISITES.forEach((name) => Object.assign(payer, { [name]: fields[name].value.trim() }));
    return payer;
  }

  // src/dialogs/receipt_fields.js
  var REASONS = ["organisation_transfer", "npd", "other"];
  var NUMBERS = ["fn", "fd", "fpd"];
  function receiptFields(t) {
    const choices = ["default", "make", "later", "made", "none"].map((name) => [name === "default" ? "" : name, t(`payment.receipt_${name}`)]);
    return html`${selectField({ name: "receipt", label: t("payment.receipt"), options: choices })}
    <div class="grafik-triple" data-receipt="made" hidden>${NUMBERS.map((name) => inputField({ name, label: t(`payment.${name}`), mode: "numeric" }))}</div>
    <div data-receipt="none" hidden>${selectField({ name: "none", label: t("payment.none"), options: REASONS.map((name) => [name, t(`payment.none_${name}`)]) })}</div>`;
  }
  function connectReceipt(form, recentre) {
    const { receipt } = form.elements;
    receipt.addEventListener("change", () => {
      form.querySelectorAll("[data-receipt]").forEach((place) => {
        place.hidden = place.dataset.receipt !== receipt.value;
      });
      recentre();
    });
  }
  function receiptEffect(t, card, { receipt, method }) {
    if (receipt.value) return t(`payment.fate_${receipt.value}`);
    const decided = (card.receipt_defaults || {})[method.value];
    return decided ? t.known(`payment.fate_${decided.reason}`) || t.known(`payment.fate_${decided.maker}`) : "";
  }
  function readReceipt(t, fields) {
    const chosen2 = fields.receipt.value;
    if (chosen2 === "make") return { receipt: true, errors: {} };
    if (chosen2 === "later") return { receipt: false, errors: {} };
    if (chosen2 === "none") return { receipt: { none: fields.none.value }, errors: {} };
    if (chosen2 !== "made") return { receipt: void 0, errors: {} };
    const numbers = Object.fromEntries(NUMBERS.map((name) => [name, fields[name].value.trim()]));
    const wrong = NUMBERS.filter((name) => !/^\d{1,16}$/.test(numbers[name]));
    return { receipt: numbers, errors: Object.fromEntries(wrong.map((name) => [name, t("payment.wrong_number")])) };
  }

  // src/dialogs/stale.js
  function showStale({ t, api, card }, dialog, onFresh, of = "schedule") {
    const way2 = (busy) => button({ action: "reload_card", kind: "small", label: t(`${of}.stale_reload`), busy });
    const show = (words2, busy) => {
      if (!dialog.isOpen()) return;
      const place = dialog.form.querySelector(".grafik-dialog__problem");
      place.innerHTML = String(callout("warning", words2, way2(busy)));
      const reloader = place.querySelector('[data-action="reload_card"]');
      reloader.addEventListener("click", () => !busy && reload());
      reloader.focus();
    };
    const reload = () => {
      show(t(`${of}.stale`), true);
      api.get(`deals/${card.lead_id}/`, isCard).then(
        (fresh) => {
          if (!dialog.isOpen()) return;
          dialog.showProblem("");
          dialog.form.querySelector(".grafik-dialog__title").focus();
          onFresh(fresh);
        },
        (error) => show(explain(t, error).text, false)
      );
    };
    show(t(`${of}.stale`), false);
  }

  // src/dialogs/payment.js
  var METHODS = ["cash", "card_terminal", "bank_transfer", "other"];
  function openFullPayment(context, { onDone, onCard, onClosed }) {
    const { t, api, today } = context;
    let { card } = context;
    let showEffects = null;
    const spec = {
      title: t("payment.full_title"),
      content: html`<div class="grafik-question"><span>${t("payment.full_question")}</span><b>${formatMoney(card.debt)}</b></div>
      ${commonFields(t, today)}`,
      submitLabel: t("payment.full_submit", { amount: formatMoney(card.debt) }),
      collect: (form) => collectCommon(t, form, today, { expected: card.debt }),
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/full-payment/`, body, key),
      onDone,
      onStale(dialog) {
        const onFresh = (fresh) => {
          card = fresh;
          onCard(fresh);
          if (!isPositive(card.debt)) {
            dialog.close();
            return;
          }
          spec.submitLabel = t("payment.full_submit", { amount: formatMoney(card.debt) });
          dialog.setSubmitLabel(spec.submitLabel);
          dialog.form.querySelector(".grafik-question b").textContent = formatMoney(card.debt);
          showEffects();
        };
        showStale(context, dialog, onFresh, "payment");
      },
      onReady(dialog) {
        showEffects = connect(t, dialog, (form) => fullEffects(t, card, form.elements));
      },
      onClosed
    };
    return openDialog(context, spec);
  }
  function openPartialPayment(context, { onDone, onClosed }) {
    const { t, api, today, card } = context;
    return openDialog(context, {
      title: t("payment.partial_title"),
      content: html`${inputField({ name: "amount", label: t("payment.amount"), mode: "decimal", suffix: "₽", first: true })}
      <div class="grafik-payment__effect" aria-live="polite"></div>
      ${commonFields(t, today)}`,
      submitLabel: t("payment.partial_submit"),
      collect: (form) => collectPartial(t, form, today),
      send: (body, key) => api.send("POST", `deals/${card.lead_id}/payments/`, body, key),
      onDone,
      onReady: (dialog) => connect(t, dialog, (form) => {
        const amount = parseMoney(form.elements.amount.value);
        form.querySelector(".grafik-payment__effect").innerHTML = String(amountEffect(t, card, amount));
        return amount ? partialEffects(t, card, amount, form.elements) : [];
      }),
      onClosed
    });
  }
  function amountEffect(t, card, amount) {
    if (!amount) return html`<p class="grafik-hint">${t("payment.debt_now", { debt: formatMoney(card.debt) })}</p>`;
    const left = subtract(card.debt, amount);
    if (isPositive(left)) return html`<p class="grafik-hint">${t("payment.left", { left: formatMoney(left) })}</p>`;
    const over = subtract(amount, card.debt);
    if (!isPositive(over)) return html`<p class="grafik-hint">${t("payment.covers_all")}</p>`;
    return callout("warning", t("payment.over", { over: formatMoney(over) }));
  }
  function connect(t, { form, recentre }, effects) {
    connectReceipt(form, recentre);
    const place = form.querySelector(".grafik-payment__effects");
    const show = () => {
      place.innerHTML = String(effectsView(t, effects(form).filter(Boolean)));
    };
    form.addEventListener("input", show);
    form.addEventListener("change", show);
    show();
    return show;
  }
  function fullEffects(t, card, fields) {
    return [
      t(card.version === null ? "payment.effect_debt" : "payment.effect_recorded", { amount: formatMoney(card.debt) }),
      t("payment.effect_closed"),
      t("payment.effect_stage"),
      receiptEffect(t, card, fields)
    ];
  }
  function partialEffects(t, card, amount, fields) {
    const { closed, begun } = covered(card, amount);
    return [
      card.version === null && t(card.mode === "deposit" ? "payment.effect_links" : "payment.effect_later"),
      closed.length > 0 && t(closed.length === 1 ? "payment.effect_closes_one" : "payment.effect_closes", { rows: closed.join(", ") }),
      begun && t("payment.effect_begins", { row: begun }),
      card.version !== null && !isPositive(subtract(card.debt, amount)) && t("payment.effect_stage"),
      receiptEffect(t, card, fields)
    ];
  }
  function commonFields(t, today) {
    return html`<div class="grafik-pair">
      ${dateField({ t, name: "paid_on", label: t("payment.paid_on"), value: today })}
      ${selectField({ name: "method", label: t("payment.method"), value: "cash", options: METHODS.map((name) => [name, t(`method.${name}`)]) })}</div>
    ${receiptFields(t)}
    ${textField({ name: "comment", label: t("payment.comment") })}
    <div class="grafik-payment__effects" aria-live="polite"></div>`;
  }
  function collectPartial(t, form, today) {
    const amount = parseMoney(form.elements.amount.value);
    if (amount) return collectCommon(t, form, today, { amount });
    showFieldErrors(form, { amount: t("payment.wrong_amount") });
    return null;
  }
  function collectCommon(t, form, today, body) {
    const { paid_on: typed, method, comment } = form.elements;
    const day = parseDay(typed.value);
    const wrong = wrongDay(t, day, today);
    const { receipt, errors } = readReceipt(t, form.elements);
    if (wrong) errors.paid_on = wrong;
    showFieldErrors(form, errors);
    if (Object.keys(errors).length) return null;
    const whole = { ...body, paid_on: day, method: method.value };
    if (comment.value.trim()) whole.comment = comment.value.trim();
    if (receipt !== void 0) whole.receipt = receipt;
    return whole;
  }
  function wrongDay(t, day, today) {
    if (!day) return t("payment.wrong_day");
    return day > today ? t("payment.future_day", { today: formatDay(today) }) : "";
  }

  // src/qr.js
  var BLOCKS = [
    null,
    [10, [1, 16]],
    [16, [1, 28]],
    [26, [1, 44]],
    [18, [2, 32]],
    [24, [2, 43]],
    [16, [4, 27]],
    [18, [4, 31]],
    [22, [2, 38], [2, 39]],
    [22, [3, 36], [2, 37]],
    [26, [4, 43], [1, 44]]
  ];
  var ALIGNMENTS = [null, [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];
  var MASKS = [
    (row, column) => (row + column) % 2 === 0,
    (row) => row % 2 === 0,
    (row, column) => column % 3 === 0,
    (row, column) => (row + column) % 3 === 0,
    (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0,
    (row, column) => row * column % 2 + row * column % 3 === 0,
    (row, column) => (row * column % 2 + row * column % 3) % 2 === 0,
    (row, column) => ((row + column) % 2 + row * column % 3) % 2 === 0
  ];
  var LEVEL_M = 0;
  function qrRows(text) {
    const bytes = Array.from(new TextEncoder().encode(text));
    const version = BLOCKS.findIndex((_, number) => number > 0 && bytes.length <= roomOf(number));
    if (version < 1) return null;
    const codewords = interleaved(version, dataOf(version, bytes));
    const drawn = MASKS.map((mask, number) => drawCode(version, codewords, mask, number));
    const penalties = drawn.map(penaltyOf);
    return drawn[penalties.indexOf(Math.min(...penalties))];
  }
  function capacityOf(version) {
    return BLOCKS[version].slice(1).reduce((sum, [count, size]) => sum + count * size, 0);
  }
  function roomOf(version) {
    return capacityOf(version) - (version < 10 ? 2 : 3);
  }
  function dataOf(version, bytes) {
    const bits = [];
    const put2 = (value, length) => {
      for (let place = length - 1; place >= 0; place -= 1) bits.push(value >> place & 1);
    };
    put2(4, 4);
    put2(bytes.length, version < 10 ? 8 : 16);
    bytes.forEach((byte) => put2(byte, 8));
    put2(0, Math.min(4, capacityOf(version) * 8 - bits.length));
    while (bits.length % 8) bits.push(0);
    const data = [];
    for (let place = 0; place < bits.length; place += 8) data.push(parseInt(bits.slice(place, place + 8).join(""), 2));
    for (let pad = 236; data.length < capacityOf(version); pad ^= 236 ^ 17) data.push(pad);
    return data;
  }
  function interleaved(version, data) {
    const [errorLength, ...groups] = BLOCKS[version];
    const blocks = [];
    let place = 0;
    groups.forEach(([count, size]) => {
      for (let block = 0; block < count; block += 1) {
        blocks.push(data.slice(place, place + size));
        place += size;
      }
    });
    const errors = blocks.map((block) => remainderOf(block, errorLength));
    return [...columns(blocks), ...columns(errors)];
  }
  function columns(blocks) {
    const longest = Math.max(...blocks.map((block) => block.length));
    const mixed = [];
    for (let place = 0; place < longest; place += 1) blocks.forEach((block) => place < block.length && mixed.push(block[place]));
    return mixed;
  }
  function multiply(one, other) {
    let product = 0;
    for (let bit = 7; bit >= 0; bit -= 1) {
      product = product << 1 ^ (product >> 7) * 285;
      product ^= (other >> bit & 1) * one;
    }
    return product;
  }
  function generatorOf(degree) {
    const generator = [...new Array(degree - 1).fill(0), 1];
    let root = 1;
    for (let step = 0; step < degree; step += 1) {
      for (let place = 0; place < degree; place += 1) {
        generator[place] = multiply(generator[place], root) ^ (place + 1 < degree ? generator[place + 1] : 0);
      }
      root = multiply(root, 2);
    }
    return generator;
  }
  function remainderOf(data, degree) {
    const generator = generatorOf(degree);
    const remainder = new Array(degree).fill(0);
    data.forEach((byte) => {
      const factor = byte ^ remainder.shift();
      remainder.push(0);
      generator.forEach((one, place) => {
        remainder[place] ^= multiply(one, factor);
      });
    });
    return remainder;
  }
  function drawCode(version, codewords, mask, maskNumber) {
    const size = version * 4 + 17;
    const rows2 = Array.from({ length: size }, () => new Array(size).fill(null));
    const set = (row, column, dark) => {
      if (row >= 0 && column >= 0 && row < size && column < size) rows2[row][column] = dark;
    };
    drawFinders(set, size);
    drawAlignments(rows2, set, version);
    for (let place = 8; place < size - 8; place += 1) {
      set(6, place, place % 2 === 0);
      set(place, 6, place % 2 === 0);
    }
    drawFormat(set, size, maskNumber);
    if (version >= 7) drawVersion(set, size, version);
    drawData(rows2, codewords, mask, size);
    return rows2;
  }
  function drawFinders(set, size) {
    [[3, 3], [3, size - 4], [size - 4, 3]].forEach(([row, column]) => {
      for (let down = -4; down <= 4; down += 1) {
        for (let right = -4; right <= 4; right += 1) {
          const ring = Math.max(Math.abs(down), Math.abs(right));
          set(row + down, column + right, ring !== 2 && ring !== 4);
        }
      }
    });
  }
  function drawAlignments(rows2, set, version) {
    ALIGNMENTS[version].forEach((row) => ALIGNMENTS[version].forEach((column) => {
      if (rows2[row][column] !== null) return;
      for (let down = -2; down <= 2; down += 1) {
        for (let right = -2; right <= 2; right += 1) set(row + down, column + right, Math.max(Math.abs(down), Math.abs(right)) !== 1);
      }
    }));
  }
  function drawFormat(set, size, maskNumber) {
    const data = LEVEL_M << 3 | maskNumber;
    let rest = data;
    for (let step = 0; step < 10; step += 1) rest = rest << 1 ^ (rest >> 9) * 1335;
    const bits = (data << 10 | rest) ^ 21522;
    const bit = (place) => (bits >> place & 1) === 1;
    for (let place = 0; place < 6; place += 1) set(place, 8, bit(place));
    set(7, 8, bit(6));
    set(8, 8, bit(7));
    set(8, 7, bit(8));
    for (let place = 9; place < 15; place += 1) set(8, 14 - place, bit(place));
    for (let place = 0; place < 8; place += 1) set(8, size - 1 - place, bit(place));
    for (let place = 8; place < 15; place += 1) set(size - 15 + place, 8, bit(place));
    set(size - 8, 8, true);
  }
  function drawVersion(set, size, version) {
    let rest = version;
    for (let step = 0; step < 12; step += 1) rest = rest << 1 ^ (rest >> 11) * 7973;
    const bits = version << 12 | rest;
    for (let place = 0; place < 18; place += 1) {
      const dark = (bits >> place & 1) === 1;
      const near = Math.floor(place / 3);
      const far = size - 11 + place % 3;
      set(near, far, dark);
      set(far, near, dark);
    }
  }
  function drawData(rows2, codewords, mask, size) {
    let place = 0;
    for (let right = size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      for (let step = 0; step < size; step += 1) {
        for (const column of [right, right - 1]) {
          const row = (right + 1 & 2) === 0 ? size - 1 - step : step;
          if (rows2[row][column] !== null) continue;
          const byte = codewords[place >> 3];
          const dark = byte !== void 0 && (byte >> 7 - (place & 7) & 1) === 1;
          rows2[row][column] = dark !== mask(row, column);
          place += 1;
        }
      }
    }
  }
  function penaltyOf(rows2) {
    const lines = [...rows2, ...rows2[0].map((_, column) => rows2.map((row) => row[column]))];
    const dark = rows2.flat().filter(Boolean).length;
    const share = Math.floor(Math.abs(dark * 100 / rows2.length ** 2 - 50) / 5);
    return lines.reduce((sum, line) => sum + runsOf(line) + findersOf(line), 0) + squaresOf(rows2) + share * 10;
  }
  function runsOf(line) {
    let penalty = 0;
    let run = 1;
    for (let place = 1; place <= line.length; place += 1) {
      if (place < line.length && line[place] === line[place - 1]) {
        run += 1;
      } else {
        if (run >= 5) penalty += run - 2;
        run = 1;
      }
    }
    return penalty;
  }
  function findersOf(line) {
    const text = line.map(Number).join("");
    let penalty = 0;
    for (let place = 0; place + 11 <= text.length; place += 1) {
      const part = text.slice(place, place + 11);
      if (part === "10111010000" || part === "00001011101") penalty += 40;
    }
    return penalty;
  }
  function squaresOf(rows2) {
    let penalty = 0;
    for (let row = 1; row < rows2.length; row += 1) {
      for (let column = 1; column < rows2.length; column += 1) {
        const colour = rows2[row][column];
        if (rows2[row - 1][column] === colour && rows2[row][column - 1] === colour && rows2[row - 1][column - 1] === colour) penalty += 3;
      }
    }
    return penalty;
  }

  // src/views/qr.js
  var QUIET = 4;
  function qrView(text, label) {
    const rows2 = qrRows(text);
    if (!rows2) return "";
    const size = rows2.length + QUIET * 2;
    const path = rows2.flatMap((row, down) => runs(row).map(([from, length]) => `M${from + QUIET} ${down + QUIET}h${length}v1h-${length}z`)).join("");
    return html`<svg class="grafik-qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges"><rect width="${size}" height="${size}" fill="#ffffff"/><path d="${path}" fill="#000000"/></svg>`;
  }
  function runs(row) {
    const found = [];
    row.forEach((dark, column) => {
      if (!dark) return;
      if (column && row[column - 1]) found[found.length - 1][1] += 1;
      else found.push([column, 1]);
    });
    return found;
  }

  // src/dialogs/qr.js
  function openQr(context, { onClosed }) {
    const { t, card } = context;
    const places = addressesOf(t, card);
    return openDialog(context, {
      title: t("qr.title"),
      content: html`${places.length > 1 && tabsView(t, places)}<div class="grafik-qr-place" aria-live="polite"></div>`,
      onReady(dialog) {
        const show = (place) => {
          dialog.form.querySelector(".grafik-qr-place").innerHTML = String(placeView(t, place));
          dialog.recentre();
        };
        dialog.form.addEventListener("change", (event) => show(places[Number(event.target.value)]));
        show(places[0]);
      },
      onClosed
    });
  }
  function addressesOf(t, card) {
    const links = card.mode === "deposit" && card.links ? card.links : {};
    const open = ["deposit", "full"].filter((name) => links[name] && links[name].state === "open");
    const named2 = open.map((name) => ({ name: t(`links.${name}`), ...links[name] }));
    return named2.length ? named2 : [{ name: t("qr.page"), url: card.pay_url, text: messageOf(card), amount: "" }];
  }
  function tabsView(t, places) {
    return html`<div class="grafik-tabs" role="radiogroup" aria-label="${t("qr.which")}">${places.map(
      (place, index) => html`<label class="grafik-tab"><input type="radio" name="place" value="${index}"${index === 0 && html` checked`}><span>${place.name}</span></label>`
    )}</div>`;
  }
  function placeView(t, place) {
    const code = qrView(place.url, t("qr.label", { name: place.name }));
    return html`${place.amount && html`<p class="grafik-qr-place__sum">${formatMoney(place.amount)}</p>`}
    ${code || html`<p class="grafik-hint">${t("qr.too_long")}</p>`}
    <p class="grafik-hint">${t("qr.how")}</p>
    <p class="grafik-qr-place__address">${place.url}</p>
    ${copyPair({ t, id: "qr", url: place.url, text: place.text, what: place.name, copied: "" })}`;
  }

  // src/dialogs/receipt.js
  function openReceiptSend(context, handlers) {
    const { t, api, card, subject: payment } = context;
    const mail = channelsOf(card).find((one) => one.channel === "email");
    return openDecision(context, handlers, {
      name: "receipt_send",
      reasonless: true,
      before: inputField({ name: "to", label: t("receipt_send.to"), value: mail ? mail.to : "", type: "email", first: true }),
      effects: () => [t("receipt_send.effect")],
      read(form, errors) {
        const to = form.elements.to.value.trim();
        if (!to) errors.to = t("receipt_send.wrong");
        return { channel: "email", to };
      },
      send: (body, key) => api.send("POST", `payments/${payment.id}/receipt/send/`, body, key)
    });
  }

  // src/dialogs/refund.js
  function openRefund(context, { onDone, onClosed }) {
    const { t, api, card, subject } = context;
    const payments = refundable(card);
    const first = payments.find((one) => subject && one.id === subject.id) || payments[0];
    const chosen2 = (form) => payments.find((one) => String(one.id) === form.elements.payment.value);
    return openDialog(context, {
      title: t("refund.title"),
      content: contentView2(t, payments, first, offered(card, first, subject)),
      submitLabel: t("refund.submit"),
      submitKind: "danger",
      collect: (form) => collect4(t, form, chosen2(form)),
      send: ({ payment, ...body }, key) => api.send("POST", `payments/${payment}/refund/`, body, key),
      onDone,
      onReady({ form }) {
        const show = () => {
          form.querySelector(".grafik-refund__effect").innerHTML = String(effectView(t, card, chosen2(form), form));
        };
        form.elements.payment.addEventListener("change", () => {
          const payment = chosen2(form);
          form.elements.amount.value = formatNumber(offered(card, payment, subject));
          form.elements.method.innerHTML = String(html`${methodsOf(t, payment).map(([value, label]) => html`<option value="${value}">${label}</option>`)}`);
        });
        form.addEventListener("input", show);
        form.addEventListener("change", show);
        show();
      },
      onClosed
    });
  }
  function methodsOf(t, payment) {
    const ways = payment.provider ? ["provider", "cash", "bank_transfer"] : ["cash", "bank_transfer"];
    return ways.map((name) => [name, t(`refund.by_${name}`)]);
  }
  function contentView2(t, payments, first, amount) {
    const options = payments.map((one) => [String(one.id), t("refund.payment_line", { day: formatDay(one.received_at), amount: formatMoney(one.amount), method: t.known(`method.${one.method}`) || one.method })]);
    return html`${selectField({ name: "payment", label: t("refund.payment"), options, value: String(first.id) })}
    <div class="grafik-pair">${inputField({ name: "amount", label: t("refund.amount"), value: formatNumber(amount), mode: "decimal", suffix: "₽", first: true })}
    ${selectField({ name: "method", label: t("refund.method"), options: methodsOf(t, first) })}</div>
    ${textField({ name: "reason", label: t("refund.reason"), hint: t("schedule.reason_hint") })}
    <div class="grafik-refund__effect" aria-live="polite"></div>`;
  }
  function effectView(t, card, payment, form) {
    const amount = parseMoney(form.elements.amount.value);
    if (!amount || isPositive(subtract(amount, leftOf(payment)))) return "";
    const reopened = subtract(amount, card.credit);
    const method = form.elements.method.value;
    const effects = [
      t(`refund.effect_${method}`, { amount: formatMoney(amount) }),
      isPositive(reopened) && t("refund.effect_debt", { amount: formatMoney(add(card.debt, reopened)) }),
      t(`refund.${receiptEffect2(payment.receipt)}`)
    ].filter(Boolean);
    return effectsView(t, effects);
  }
  function receiptEffect2(receipt) {
    const state = receiptState(receipt);
    if (state === "not_required") return receipt.reason === "other_register" ? "effect_other_register" : "effect_not_required";
    return ["open", "failed"].includes(state) ? "effect_no_receipt" : "effect_receipt";
  }
  function collect4(t, form, payment) {
    const amount = parseMoney(form.elements.amount.value);
    const reason = form.elements.reason.value.trim();
    const errors = {};
    if (!amount) errors.amount = t("payment.wrong_amount");
    else if (isPositive(subtract(amount, leftOf(payment)))) errors.amount = t("refund.too_much", { amount: formatMoney(leftOf(payment)) });
    if (!reason) errors.reason = t("refund.wrong_reason");
    showFieldErrors(form, errors);
    return Object.keys(errors).length ? null : { payment: payment.id, amount, reason, method: form.elements.method.value };
  }

  // src/dialogs/marks.js
  function makeMarks() {
    let judged = {};
    let missing = {};
    const draw = (form, focus) => showFieldErrors(form, { ...judged, ...missing }, focus);
    return {
      /** The server's words about what is typed now. */
      judge(form, errors) {
        judged = errors;
        draw(form, false);
      },
      /** What Save found missing; the focus goes to the first mark. */
      miss(form, errors) {
        missing = errors;
        draw(form, true);
      },
      /** The field is being filled in. */
      forgive(form, name) {
        if (!(name in missing)) return;
        delete missing[name];
        draw(form, false);
      }
    };
  }

  // src/dialogs/preview_loop.js
  var PAUSE_MS = 250;
  function makePreview({ t, api, path, form, read, onPreview, onErrors }) {
    const place = form.querySelector(".grafik-preview");
    let timer = null;
    let newest = 0;
    function ask() {
      const { body, errors } = read();
      onErrors({});
      newest += 1;
      if (errors.length) {
        place.classList.remove("grafik-preview_veiled");
        place.innerHTML = String(previewNote(t("schedule.incomplete")));
        onPreview(null);
        return;
      }
      const mine = newest;
      if (!place.querySelector("table")) place.innerHTML = String(previewNote(t("schedule.counting"), true));
      api.send("POST", path, body, "", isPreview).then(
        (preview) => {
          if (mine === newest) show(previewView(t, preview), preview);
        },
        (error) => {
          if (mine !== newest) return;
          const errors2 = fieldErrors(error);
          onErrors(errors2);
          const { text, retry } = explain(t, error);
          show(previewNote(Object.values(errors2).join(" ") || text, false, retry && button({ action: "preview_again", kind: "small", label: t("panel.retry") })), null);
        }
      );
    }
    function show(markup, preview) {
      place.classList.remove("grafik-preview_veiled");
      place.innerHTML = String(markup);
      onPreview(preview);
    }
    place.addEventListener("click", (event) => {
      if (event.target.closest('[data-action="preview_again"]')) ask();
    });
    return {
      now: ask,
      changed() {
        clearTimeout(timer);
        place.classList.add("grafik-preview_veiled");
        timer = setTimeout(ask, PAUSE_MS);
      },
      stop() {
        clearTimeout(timer);
        newest += 1;
      }
    };
  }

  // src/dialogs/schedule_form.js
  var USUAL_COUNT = 6;
  var MONTHLY = "months:1";
  var INTERVALS = [MONTHLY, "months:2", "months:3", "days:7", "days:14"];
  function startValues(card, today) {
    const open = card.installments.filter((row) => row.state !== "paid");
    return {
      total: formatNumber(card.total),
      by: "count",
      count: String(open.length || USUAL_COUNT),
      monthly_amount: "",
      first_due_on: open.length ? open[0].due_on : nextMonth(today),
      every: MONTHLY,
      due_day: card.due_day ? String(card.due_day) : "",
      down_payment: "",
      down_payment_on: today,
      round_to: "1",
      remainder: "last",
      shift_weekends: true
    };
  }
  function scheduleBody(values) {
    const errors = [];
    const money = (name) => {
      const amount = parseMoney(values[name]);
      if (!amount) errors.push(name);
      return amount;
    };
    const day = (name) => {
      const iso = parseDay(values[name]);
      if (!iso) errors.push(name);
      return iso;
    };
    const whole = (name) => {
      if (!/^\d{1,6}$/.test(values[name].trim())) errors.push(name);
      return Number(values[name]);
    };
    const body = { total: money("total") };
    if (values.by === "count") body.count = whole("count");
    else body.monthly_amount = money("monthly_amount");
    body.first_due_on = day("first_due_on");
    const [unit, number] = (values.every || MONTHLY).split(":");
    if (values.every && values.every !== MONTHLY) body.every = { [unit]: Number(number) };
    if (values.due_day.trim() && unit === "months") body.due_day = whole("due_day");
    if (!/^(0+([.,]0*)?)?$/.test(values.down_payment.trim())) {
      body.down_payment = money("down_payment");
      body.down_payment_on = day("down_payment_on");
    }
    if (values.by === "count") body.round_to = values.round_to;
    body.remainder = values.remainder;
    body.shift_weekends = Boolean(values.shift_weekends);
    return { body, errors };
  }

  // src/dialogs/templates.js
  var SUMS = ["total", "monthly_amount", "down_payment"];
  var DAYS = ["first_due_on", "down_payment_on"];
  var expected = true;
  function offerTemplates({ t, api, lead, dialog, onChosen, onProblem }) {
    const place = dialog.form.querySelector("[data-templates]");
    const ask = (total) => api.get(`deals/${lead}/schedule/templates/${total ? `?total=${total}` : ""}`, hasResults).then((answer) => answer.results);
    place.addEventListener("click", (event) => {
      const chosen2 = event.target.closest('[data-action="template"]');
      if (!chosen2 || place.querySelector('[aria-busy="true"]')) return;
      setBusy(chosen2, true);
      const done = (act) => {
        if (!dialog.isOpen()) return;
        setBusy(chosen2, false);
        act();
      };
      ask(parseMoney(dialog.form.elements.total.value)).then(
        (results) => done(() => {
          const found = results.find((one) => String(one.id) === chosen2.dataset.id);
          if (!found) {
            onProblem(t("schedule.template_gone"));
            return;
          }
          fill(t, dialog.form, valuesOfBody(found.body));
          onChosen();
        }),
        () => done(() => onProblem(t("schedule.template_gone")))
      );
    });
    const show = (markup) => {
      if (!dialog.isOpen()) return;
      place.innerHTML = String(markup);
      dialog.recentre();
    };
    if (expected) show(waitingView(t));
    ask("").then(
      (results) => {
        expected = results.length > 0;
        show(expected ? templatesView2(t, results) : "");
      },
      () => show("")
    );
  }
  function setBusy(chip, busy) {
    chip.classList.toggle("grafik-button_busy", busy);
    chip.setAttribute("aria-busy", String(busy));
  }
  function waitingView(t) {
    return html`<span class="grafik-field__label">${t("schedule.templates")}</span><div class="grafik-chips grafik-chips_waiting"><span class="grafik-ring" aria-hidden="true"></span></div>`;
  }
  function templatesView2(t, found) {
    return html`<span class="grafik-field__label">${t("schedule.templates")}</span><div class="grafik-chips">${found.map((one) => button({ action: "template", id: one.id, kind: "small", label: one.name }))}</div>`;
  }
  function valuesOfBody(body) {
    const values = { by: body.monthly_amount ? "monthly_amount" : "count", count: body.count ? String(body.count) : "", due_day: body.due_day ? String(body.due_day) : "" };
    SUMS.forEach((name) => {
      values[name] = body[name] ? formatNumber(body[name]) : "";
    });
    DAYS.forEach((name) => {
      values[name] = body[name] ? formatDay(body[name]) : "";
    });
    const [unit, number] = Object.entries(body.every)[0];
    return { ...values, every: `${unit}:${number}`, round_to: body.round_to, remainder: body.remainder, shift_weekends: body.shift_weekends };
  }
  function fill(t, form, values) {
    Object.entries(values).forEach(([name, value]) => {
      const box = form.elements[name];
      if (name === "shift_weekends") box.checked = value;
      else box.value = value;
      if (name === "every" && box.value !== value) {
        const [unit, n] = value.split(":");
        box.add(new Option(t(`schedule.every_${unit}`, { n }), value, true, true));
      }
    });
  }

  // src/dialogs/schedule.js
  function openSchedule(context, { onDone, onCard, onClosed }) {
    const { t, api, today } = context;
    const marks = makeMarks();
    let { card } = context;
    const path = `deals/${card.lead_id}/schedule/`;
    let preview = null;
    return openDialog(context, {
      title: titleOf(t, card),
      wide: true,
      content: contentView3(t, card, startValues(card, today)),
      submitLabel: t("dialog.save"),
      collect: (form) => collect5(t, form, card, marks),
      send: (body, key) => api.send("PUT", path, body, key),
      onDone,
      onStale(dialog) {
        showStale(context, dialog, (fresh) => {
          card = fresh;
          onCard(fresh);
          showCard(t, dialog.form, card);
          preview.now();
        });
      },
      onReady(dialog) {
        const { form } = dialog;
        preview = makePreview({
          t,
          api,
          path: `${path}preview/`,
          form,
          read: () => scheduleBody(readValues(form)),
          onErrors: (errors) => marks.judge(form, errors),
          onPreview: (answer) => {
            showDebt(form, card, answer);
            form.querySelector('[data-output="summary"]').textContent = answer ? previewSummary(t, answer) : "";
            dialog.recentre();
          }
        });
        form.addEventListener("input", (event) => {
          marks.forgive(form, event.target.name);
          if (event.target.name === "reason") return;
          toggleMode(form);
          showDebt(form, card, null);
          preview.changed();
        });
        toggleMode(form);
        showCard(t, form, card);
        preview.now();
        offerTemplates({
          t,
          api,
          lead: card.lead_id,
          dialog,
          onChosen() {
            toggleMode(form);
            showDebt(form, card, null);
            preview.now();
          },
          onProblem: (words2) => dialog.showProblem(words2)
        });
      },
      onClosed() {
        preview.stop();
        onClosed();
      }
    });
  }
  function titleOf(t, card) {
    return isRebuild(card) ? t("schedule.title_rebuild") : t("schedule.title");
  }
  function isRebuild(card) {
    return card.version !== null;
  }
  function contentView3(t, card, values) {
    return html`<div class="grafik-schedule"><div class="grafik-schedule__form">
    <div class="grafik-offers" data-templates aria-live="polite"></div>
    ${inputField({ name: "total", label: t("schedule.total"), value: values.total, mode: "decimal", suffix: "₽", first: true })}
    <div class="grafik-pair grafik-pair_tight">${readField({ name: "paid", label: t("schedule.received"), value: formatMoney(card.paid) })}${readField({ name: "debt", label: t("schedule.debt"), value: formatMoney(card.debt) })}</div>
    <div class="grafik-tabs" role="radiogroup" aria-label="${t("schedule.by")}">
      <label class="grafik-tab"><input type="radio" name="by" value="count" checked><span>${t("schedule.by_count")}</span></label>
      <label class="grafik-tab"><input type="radio" name="by" value="monthly_amount"><span>${t("schedule.by_amount")}</span></label></div>
    <div class="grafik-pair">
      ${inputField({ name: "count", label: t("schedule.count"), value: values.count, type: "number", min: "1", max: "240" })}
      ${inputField({ name: "monthly_amount", label: t("schedule.monthly"), value: values.monthly_amount, mode: "decimal", suffix: "₽" })}
      ${dateField({ t, name: "first_due_on", label: t("schedule.first"), value: values.first_due_on })}</div>
    <div class="grafik-pair">
      ${inputField({ name: "due_day", label: t("schedule.due_day"), value: values.due_day, type: "number", min: "1", max: "31", hint: t("schedule.due_day_hint") })}
      ${inputField({ name: "down_payment", label: t("schedule.down"), value: values.down_payment, mode: "decimal", suffix: "₽", hint: t("schedule.down_hint") })}
      ${dateField({ t, name: "down_payment_on", label: t("schedule.down_on"), value: values.down_payment_on })}</div>
    <details class="grafik-more"><summary>${t("schedule.more")}</summary><div class="grafik-more__body">
    ${selectField({ name: "every", label: t("schedule.every"), value: values.every, options: INTERVALS.map((one) => [one, t(`schedule.every_${one.replace(":", "_")}`)]) })}<div class="grafik-pair">
      ${selectField({ name: "round_to", label: t("schedule.round"), value: values.round_to, options: [["0.01", t("schedule.round_none")], ["1", t("schedule.round_1")], ["100", t("schedule.round_100")]] })}
      ${selectField({ name: "remainder", label: t("schedule.remainder"), value: values.remainder, options: [["last", t("schedule.remainder_last")], ["first", t("schedule.remainder_first")]] })}</div>
    ${checkField({ name: "shift_weekends", label: t("schedule.shift"), checked: values.shift_weekends })}</div></details>
    ${textField({ name: "reason", label: t("schedule.reason"), hint: t("schedule.reason_hint") })}
    </div><div class="grafik-schedule__preview"><h3 class="grafik-section__title">${t("schedule.preview")}</h3><div class="grafik-hidden" role="status" data-output="summary"></div><div class="grafik-preview" tabindex="0" role="region" aria-label="${t("schedule.preview")}"></div></div></div>`;
  }
  function readValues(form) {
    const values = {};
    ["total", "count", "monthly_amount", "first_due_on", "due_day", "down_payment", "down_payment_on", "round_to", "remainder", "by", "every"].forEach((name) => {
      values[name] = form.elements[name].value;
    });
    values.shift_weekends = form.elements.shift_weekends.checked;
    return values;
  }
  function collect5(t, form, card, marks) {
    const { body, errors } = scheduleBody(readValues(form));
    const texts = {};
    errors.forEach((name) => {
      texts[name] = t(`schedule.wrong.${name}`);
    });
    const rebuild = isRebuild(card);
    const reason = rebuild ? form.elements.reason.value.trim() : "";
    if (rebuild && !reason) texts.reason = t("schedule.wrong.reason");
    marks.miss(form, texts);
    if (Object.keys(texts).length) return null;
    return { ...body, version: card.version, ...rebuild ? { reason } : {} };
  }
  function showCard(t, form, card) {
    form.querySelector(".grafik-dialog__title").textContent = titleOf(t, card);
    form.querySelector('[data-field="reason"]').hidden = !isRebuild(card);
    showDebt(form, card, null);
  }
  function toggleMode(form) {
    const by = form.elements.by.value;
    ["count", "monthly_amount"].forEach((name) => {
      form.querySelector(`[data-field="${name}"]`).hidden = name !== by;
    });
    form.querySelector('[data-field="round_to"]').hidden = by !== "count";
    form.querySelector('[data-field="due_day"]').hidden = form.elements.every.value.startsWith("days");
    form.querySelector('[data-field="down_payment_on"]').hidden = !form.elements.down_payment.value.trim();
  }
  function showDebt(form, card, answer) {
    const total = parseMoney(form.elements.total.value);
    const paid = answer ? answer.paid : card.paid;
    const debt = answer ? answer.debt : total && subtract(total, paid);
    form.querySelector('[data-output="paid"]').textContent = formatMoney(paid);
    form.querySelector('[data-output="debt"]').textContent = debt && !debt.startsWith("-") ? formatMoney(debt) : "—";
  }

  // src/dialogs/split.js
  var METHODS2 = ["bank_transfer", "cash", "card_terminal", "other"];
  var PARTS_MAX = 20;
  function openSplit(context, { onDone, onConflict, onClosed }) {
    const { t, api, card, today } = context;
    return openDialog(context, {
      title: t("split.title"),
      content: contentView4(t, card, today),
      submitLabel: t("split.submit"),
      collect: (form) => {
        const { body, errors } = readSplit(t, valuesOf(form), today);
        showFieldErrors(form, errors);
        return body;
      },
      send: (body, key) => api.send("POST", "payments/split/", body, key),
      onReady: (dialog) => {
        connect2(t, dialog);
        offer2(context, dialog);
      },
      onDone,
      onConflict,
      onClosed
    });
  }
  function contentView4(t, card, today) {
    const company = card.payer && card.payer.kind === "company" ? card.payer : { inn: "", kpp: "" };
    const name = card.payer && card.payer.name || card.contact.name || "";
    return html`<div class="grafik-pair">${inputField({ name: "amount", label: t("split.amount"), mode: "decimal", suffix: "₽", first: true })}
    ${dateField({ t, name: "paid_on", label: t("payment.paid_on"), value: today })}</div>
    <div class="grafik-offers" data-offers aria-live="polite"></div>
    <div class="grafik-parts" data-field="parts"><div class="grafik-pair grafik-parts__head"><span>${t("move.deal")}</span><span>${t("split.part")}</span></div>
      <div class="grafik-parts__rows">${[partView(t, 1, String(card.lead_id), formatNumber(card.next && card.next.amount || card.debt)), partView(t, 2, "", "")]}</div>
      <span class="grafik-field__error" id="grafik-parts-error"></span>
      <div>${button({ action: "add_part", kind: "link", label: t("split.add") })}</div></div>
    ${inputField({ name: "payer", label: t("split.payer"), value: name })}
    <div class="grafik-pair">${inputField({ name: "inn", label: t("payer.inn"), value: company.inn || "", mode: "numeric", hint: t("split.inn_hint") })}
    ${inputField({ name: "kpp", label: t("payer.kpp"), value: company.kpp || "", hint: t("split.kpp_hint") })}</div>
    <div class="grafik-pair">${inputField({ name: "external_id", label: t("split.number"), hint: t("split.number_hint") })}
    ${selectField({ name: "method", label: t("payment.method"), options: METHODS2.map((one) => [one, t(`method.${one}`)]) })}</div>
    <div class="grafik-split__effects" aria-live="polite"></div>`;
  }
  function partView(t, number, lead, sum) {
    return html`<div class="grafik-pair grafik-parts__row"><input class="grafik-input__box" name="part_lead" inputmode="numeric" value="${lead}" aria-label="${t("split.row_deal", { number })}" aria-describedby="grafik-parts-error">
    <span class="grafik-input grafik-input_suffix"><input class="grafik-input__box" name="part_amount" inputmode="decimal" value="${sum}" aria-label="${t("split.row_sum", { number })}"><span class="grafik-input__suffix" aria-hidden="true">₽</span></span></div>`;
  }
  function connect2(t, { form, recentre }) {
    const show = () => {
      form.querySelector(".grafik-split__effects").innerHTML = String(effectsView(t, splitEffects(t, valuesOf(form))));
    };
    form.querySelector('[data-action="add_part"]').addEventListener("click", () => {
      addPart(t, form, "", "").focus();
      recentre();
    });
    form.addEventListener("input", show);
    show();
  }
  function addPart(t, form, lead, sum) {
    const rows2 = form.querySelector(".grafik-parts__rows");
    const isEmpty = (row) => Array.from(row.querySelectorAll("input")).every((box) => !box.value.trim());
    const empty = lead && Array.from(rows2.children).find(isEmpty);
    if (!empty) rows2.insertAdjacentHTML("beforeend", String(partView(t, rows2.children.length + 1, "", "")));
    const [deal, amount] = (empty || rows2.lastElementChild).querySelectorAll("input");
    deal.value = lead;
    amount.value = sum;
    form.querySelector('[data-action="add_part"]').hidden = rows2.children.length >= PARTS_MAX;
    return deal;
  }
  function offer2({ t, api, card }, dialog) {
    const { form } = dialog;
    const place = form.querySelector("[data-offers]");
    let found = [];
    place.addEventListener("click", (event) => {
      const chosen2 = event.target.closest('[data-action="offer_part"]');
      const one = chosen2 && found.find(({ lead_id: lead }) => String(lead) === chosen2.dataset.id);
      if (!one || form.querySelector(".grafik-parts__rows").children.length > PARTS_MAX) return;
      found = found.filter((other) => other !== one);
      place.innerHTML = String(offersView2(t, found));
      addPart(t, form, String(one.lead_id), formatNumber(one.asked)).dispatchEvent(new Event("input", { bubbles: true }));
      form.elements.amount.focus();
      dialog.recentre();
    });
    place.innerHTML = String(previewNote(t("move.looking"), true));
    api.get(`deals/${card.lead_id}/credit/`, isOffers).then(
      (answer) => {
        if (!dialog.isOpen()) return;
        found = answer.together || [];
        place.innerHTML = String(found.length ? offersView2(t, found) : previewNote(t("move.nothing_found")));
        dialog.recentre();
      },
      () => {
        place.innerHTML = String(previewNote(t("move.not_found")));
      }
    );
  }
  function offersView2(t, deals) {
    if (!deals.length) return "";
    const chips = deals.map((one) => button({ action: "offer_part", id: one.lead_id, kind: "small", label: t("split.offer", { name: one.name || `#${one.lead_id}`, debt: formatMoney(one.debt) }) }));
    return html`<span class="grafik-field__label">${t("split.offers")}</span><div class="grafik-chips">${chips}</div>`;
  }
  function valuesOf(form) {
    const all = (name) => Array.from(form.querySelectorAll(`[name="${name}"]`), (box) => box.value.trim());
    const sums = all("part_amount");
    const values = Object.fromEntries(["amount", "paid_on", "payer", "inn", "kpp", "external_id", "method"].map((name) => [name, form.elements[name].value.trim()]));
    return { ...values, parts: all("part_lead").map((lead, index) => ({ lead, sum: sums[index] })).filter((one) => one.lead || one.sum) };
  }
  function placed(values) {
    return add("0.00", ...values.parts.map((one) => parseMoney(one.sum) || "0.00"));
  }
  function splitEffects(t, values) {
    const amount = parseMoney(values.amount);
    if (!amount) return [];
    const left = subtract(amount, placed(values));
    if (isPositive(left)) return [t("split.left", { left: formatMoney(left) })];
    if (left.startsWith("-")) return [t("split.over", { over: formatMoney(left.slice(1)) })];
    return [t("split.effect_payments", { count: t.count("schedule.payments", values.parts.length) }), t("split.effect_once")];
  }
  function readSplit(t, values, today) {
    const errors = {};
    const amount = parseMoney(values.amount);
    const day = parseDay(values.paid_on);
    const parts = values.parts.map(({ lead, sum }) => ({ lead_id: Number(lead.replace(/\D/g, "")), amount: parseMoney(sum) }));
    if (!amount) errors.amount = t("payment.wrong_amount");
    if (!day) errors.paid_on = t("payment.wrong_day");
    else if (day > today) errors.paid_on = t("payment.future_day", { today: formatDay(today) });
    if (!values.payer) errors.payer = t("payer.wrong_name");
    if (values.inn && !/^(\d{10}|\d{12})$/.test(values.inn)) errors.inn = t("split.wrong_inn");
    const isCompany = values.inn.length === 10;
    if (values.kpp && !isCompany) errors.kpp = t("split.kpp_hint");
    else if (values.kpp && !/^\d{4}[\dA-Z]{2}\d{3}$/.test(values.kpp)) errors.kpp = t("split.wrong_kpp");
    if (!parts.length || parts.some((one) => !one.lead_id || !one.amount)) errors.parts = t("split.wrong_part");
    else if (amount && subtract(amount, placed(values)) !== "0.00") errors.parts = splitEffects(t, values)[0];
    if (Object.keys(errors).length) return { body: null, errors };
    const payer = { kind: isCompany ? "company" : "person", name: values.payer, inn: values.inn, kpp: values.kpp };
    return { body: { amount, paid_on: day, method: values.method, external_id: values.external_id, payer, parts }, errors };
  }

  // src/views/attempts.js
  function attemptsView({ t, card, ui }) {
    const fresh = freshAttempts(card);
    if (!fresh.length) return "";
    const rows2 = fresh.map((one) => attemptRow(t, one));
    const list = folded({ t, rows: rows2, key: "attempts", expanded: ui.expanded.has("attempts"), limit: 1 });
    return section(t("attempts.title"), html`<ul class="grafik-list">${list}</ul><p class="grafik-next"><b>${t("attempts.next")}</b> ${nextStep(t, fresh[0])}</p>`);
  }
  function attemptRow(t, one) {
    const declined = one.what === "declined";
    const words2 = t.known(`attempts.${one.what}`) || one.what;
    return html`<li class="grafik-row"><div class="grafik-row__main"><span>${formatMoment(one.at)}</span>${one.amount && html`<span class="grafik-row__sum">${formatMoney(one.amount)}</span>`}</div>
    <div class="grafik-row__note"><span class="grafik-tone_${declined ? "error" : "muted"}">${words2}${one.reason && html`: ${one.reason}`}</span></div></li>`;
  }
  function nextStep(t, last) {
    return t.known(`attempts.next_${last.what}`) || t("attempts.next_opened");
  }

  // src/views/messages.js
  var SHOWN = 2;
  var TONES = { failed: "error", parked: "error", handed_over: "info", waiting: "info" };
  function messagesView({ t, card, ui }) {
    const found = (card.messages || []).filter((one) => one.about !== "invoice");
    if (!found.length) return "";
    const rows2 = found.map((one) => messageRow(t, one));
    const list = folded({ t, rows: rows2, key: "messages", expanded: ui.expanded.has("messages"), limit: SHOWN });
    return section(t("messages.title"), html`<ul class="grafik-list">${list}</ul>`);
  }
  function messageRow(t, one) {
    return html`<li class="grafik-row" data-message="${one.about}"><div class="grafik-row__main"><span>${t.known(`messages.${one.about}`) || t("messages.other")}</span></div>
    <div class="grafik-row__note"><span class="grafik-tone_${TONES[one.state] || "muted"}">${sentWords(t, one)}${one.reason && html`: ${one.reason}`}</span></div></li>`;
  }

  // src/views/more.js
  var GROUPS = {
    client: ["invoice", "promise", "decide_date", "reminders", "stop", "go_on", "payer", "revoke"],
    schedule: ["move_date", "change_total", "transfer", "pause", "resume", "sign", "settle", "cancel"],
    money: ["split", "service_rendered", "waive_fees", "reverse_write_off", "write_off"]
  };
  var ALWAYS = { revoke: (card) => Boolean(card.pay_url), go_on: (card) => (card.stopped || []).length > 0, reminders: (card) => card.reminders_by !== void 0 };
  var NEVER = { transfer: (card) => card.mode === "deposit", invoice: (card) => !asked(card) };
  var DANGEROUS = /* @__PURE__ */ new Set(["cancel", "write_off"]);
  function rareActions(card) {
    return Object.values(GROUPS).flat().filter((name) => !(NEVER[name] && NEVER[name](card))).filter((name) => card.actions.includes(name) || ALWAYS[name] && card.actions.length > 0 && ALWAYS[name](card));
  }
  function moreView({ t, card, ui }) {
    const rare = rareActions(card);
    if (!rare.length) return "";
    const open = ui.expanded.has("more");
    const item = (name) => html`<li>${button({ action: name, kind: DANGEROUS.has(name) ? "danger-link" : "link", label: t(`actions.${name}`) })}</li>`;
    const groups = Object.keys(GROUPS).map((group) => ({ group, names: GROUPS[group].filter((name) => rare.includes(name)) }));
    const lists = groups.filter(({ names }) => names.length).map(({ group, names }) => html`<div class="grafik-rare__title" id="grafik-rare-${group}">${t(`more.${group}`)}</div><ul class="grafik-rare__list" aria-labelledby="grafik-rare-${group}">${names.map(item)}</ul>`);
    return html`<div class="grafik-rare"><button type="button" class="grafik-button grafik-button_link" data-action="fold" data-id="more" data-key="fold:more" aria-expanded="${open ? "true" : "false"}"><span class="grafik-button__label">${t("actions.more")}</span></button>
    ${open && lists}</div>`;
  }

  // src/views/summary.js
  var TONES2 = {
    no_schedule: "neutral",
    prepaid: "info",
    on_schedule: "success",
    overdue: "error",
    paused: "warning",
    paid: "success",
    cancelled: "neutral"
  };
  var MOST_SEGMENTS = 24;
  function summaryView(t, card) {
    const owes = isPositive(card.debt);
    return html`
    <div class="grafik-head">
      ${pill(TONES2[card.state] || "neutral", stateWords(t, card))}
      ${courseView(card)}
      ${placeView2(card)}
    </div>
    <div class="grafik-debt">
      <span class="grafik-debt__label">${owes ? t("panel.debt") : t("panel.paid")}</span>
      <span class="grafik-debt__sum" data-figure="${owes ? "debt" : "paid"}">${formatMoney(owes ? card.debt : card.paid)}</span>
    </div>
    ${barView(t, card)}
    <dl class="grafik-figures">${figures(t, card)}</dl>
    ${lifeView(t, card)}`;
  }
  function stateWords(t, card) {
    const state = card.state === "no_schedule" && card.mode === "deposit" ? "no_links" : card.state;
    return t.known(`state.${state}`) || card.state;
  }
  function lifeView(t, card) {
    const lines = [
      card.pause && t(card.pause.until ? "life.paused_until" : "life.paused", { day: formatDay(card.pause.since), until: formatDay(card.pause.until), reason: card.pause.reason }),
      card.closing && t(`life.${card.closing.kind}`, { reason: card.closing.reason }),
      card.signed && t("life.signed", { day: formatDay(card.signed.on) })
    ].filter(Boolean);
    return lines.length ? html`<div class="grafik-life">${lines.map((words2) => html`<p>${words2}</p>`)}</div>` : "";
  }
  function courseView(card) {
    const words2 = [card.programme, card.cohort].filter(Boolean);
    return words2.length ? html`<div class="grafik-course">${words2.join(" · ")}</div>` : "";
  }
  function placeView2(card) {
    const names = [card.location, card.legal_entity].filter(Boolean).map((one) => one.name);
    return names.length ? html`<div class="grafik-place">${names.join(" · ")}</div>` : "";
  }
  function barView(t, card) {
    const label = t("panel.bar", {
      paid: formatMoney(card.paid),
      total: formatMoney(card.total),
      percent: percent(card.paid, card.total)
    });
    return html`<div class="grafik-bar" role="img" aria-label="${label}" title="${label}">${segments(card)}</div>`;
  }
  function segments(card) {
    const rows2 = card.installments;
    if (!rows2.length || rows2.length > MOST_SEGMENTS) {
      return html`<span class="grafik-bar__segment" style="flex-grow:1">${fill2(percent(card.paid, card.total), "paid")}</span>`;
    }
    return rows2.map(
      (row) => html`<span class="grafik-bar__segment grafik-bar__segment_${row.state}" style="flex-grow:${toKopecks(row.amount)}">${fill2(percent(row.paid, row.amount), row.state)}</span>`
    );
  }
  function fill2(share, state) {
    return html`<span class="grafik-bar__fill grafik-bar__fill_${state}" style="width:${share}%"></span>`;
  }
  function figures(t, card) {
    const next = card.next;
    return [
      figure(t("panel.total"), formatMoney(card.total), "total"),
      isPositive(card.debt) && figure(t("panel.paid"), formatMoney(card.paid), "paid"),
      isPositive(card.overdue) && figure(t("panel.overdue"), formatMoney(card.overdue), "overdue", "error"),
      isPositive(card.credit) && figure(t("panel.credit"), formatMoney(card.credit), "credit", "warning"),
      isPositive(card.written_off) && figure(t("panel.written_off"), formatMoney(card.written_off), "written_off"),
      card.fees && isPositive(card.fees.owed) && figure(t("panel.fees"), formatMoney(card.fees.owed), "fees", "warning"),
      card.due_day && figure(t("panel.due_day"), t("panel.due_day_value", { day: card.due_day }), "due_day"),
      next && figure(t(isLate(card, next) ? "panel.next_late" : "panel.next"), html`${formatMoney(next.amount)}<small>${formatDay(next.due_on)}</small>`, "next"),
      card.promise && figure(t(card.promise.state === "broken" ? "panel.promise_broken" : "panel.promise"), promiseWords(card.promise), "promise", card.promise.state === "broken" ? "error" : "info"),
      card.service_on && figure(t(card.mode === "deposit" ? "panel.service_on" : "panel.starts_on"), formatDay(card.service_on), "service_on"),
      card.reminders_by && figure(t("panel.reminders"), t(`reminders.by_${card.reminders_by}`), "reminders"),
      card.payer && card.payer.kind !== "person" && figure(t("panel.payer"), card.payer.name, "payer")
    ];
  }
  function isLate(card, next) {
    const row = card.installments.find((one) => one.number === next.number);
    return Boolean(row) && row.state === "overdue";
  }
  function promiseWords(promise) {
    return html`${promise.amount && formatMoney(promise.amount)}<small>${formatDay(promise.until)}</small>`;
  }
  function figure(label, value, name, tone = "") {
    return html`<div class="grafik-figure${tone ? ` grafik-figure_${tone}` : ""}"><dt>${label}</dt><dd data-figure="${name}">${value}</dd></div>`;
  }

  // src/views/ways_out.js
  var WAYS = {
    stale: (t, card, ui) => again(t, ui),
    no_email: (t, card, ui) => html`${card.pay_url && copyButton({ t, id: "warning-page", text: card.pay_url, label: t("copy.link"), what: t("copy.what_pay_url"), copied: ui.copied })} ${again(t, ui)}`,
    no_receiver: (t, card, ui) => again(t, ui),
    owner_differs: (t, card, ui) => again(t, ui),
    price_differs: (t, card) => html`${card.actions.includes("rebuild") && way("schedule", t("actions.rebuild"))} ${card.actions.includes("restore_price") && way("restore_price", t("actions.restore_price"))}`,
    written_off: (t, card) => card.actions.includes("reverse_write_off") && way("reverse_write_off", t("actions.reverse_write_off")),
    credit: (t, card) => refundable(card).length > 0 && html`${card.actions.includes("refund") && way("refund", t("actions.refund"))} ${card.actions.includes("move") && way("move", t("actions.move"))}`,
    date_request: (t, card) => card.actions.includes("decide_date") && way("decide_date", t("actions.decide_date")),
    reminders_stopped: (t) => way("go_on", t("actions.go_on")),
    invoices_stopped: (t) => way("go_on", t("actions.go_on")),
    bounced: (t, card, ui) => again(t, ui),
    pause_over: (t, card) => card.actions.includes("resume") && way("resume", t("actions.resume")),
    receipt_failed: (t, card, ui) => card.payments.length > 2 && !ui.expanded.has("payments") && button({ action: "fold", id: "payments", kind: "link", label: t("way_out.show_payments") }),
    deal_closed: (t, card) => card.actions.includes("decide_loss") && way("decide_loss", t("actions.decide_loss"))
  };
  function wayOut(t, card, ui, warning) {
    const known = WAYS[warning.code];
    return known && known(t, card, ui) || "";
  }
  function way(action, label) {
    return button({ action, id: "warning", kind: "link", label });
  }
  function again(t, ui) {
    return button({ action: "reload", kind: "link", label: t("way_out.check_again"), busy: ui.busy === "reload" });
  }

  // src/views/panel.js
  function panelView({ t, card, ui }) {
    return html`<div class="grafik-panel">
    ${ui.stale && callout("warning", t("panel.stale"), button({ action: "reload", kind: "link", label: t("panel.retry"), busy: ui.busy === "reload" }))}
    ${summaryView(t, card)}
    ${mainButton(t, card, ui)}
    ${warningsView(t, card, ui)}
    ${attemptsView({ t, card, ui })}
    ${linksView(t, card, ui)}
    ${moneyButtons(t, card)}
    ${toolsView(t, card, ui)}
    ${moreView({ t, card, ui })}
    ${installmentsView({ t, card, ui })}
    ${invoicesView({ t, card, ui })}
    ${paymentsView({ t, card, ui })}
    ${documentsView({ t, card, ui })}
    ${messagesView({ t, card, ui })}
  </div>`;
  }
  function loadingView(t) {
    return html`<div class="grafik-panel grafik-panel_loading" role="status"><span class="grafik-ring" aria-hidden="true"></span><span>${t("panel.loading")}</span></div>`;
  }
  function failedView(t, text, retry) {
    return html`<div class="grafik-panel" role="alert">${callout("error", text, retry && button({ action: "reload", label: t("panel.retry") }))}</div>`;
  }
  function unsavedView(t) {
    return html`<div class="grafik-panel"><p class="grafik-hint">${t("panel.unsaved")}</p></div>`;
  }
  function mainButton(t, card, ui) {
    const can = (action) => card.actions.includes(action);
    if (card.mode === "deposit") {
      return can("links") ? button({ action: "links", kind: "primary", label: t("actions.links"), busy: ui.busy === "links" }) : "";
    }
    if (can("schedule")) return button({ action: "schedule", kind: "primary", label: t("actions.schedule") });
    const invoice = can("invoice") && asked(card);
    if (invoice) return button({ action: "send", id: invoice.id, kind: "primary", label: t(invoice.sent.length ? "actions.send_again" : "actions.send") });
    if (asks(card)) return button({ action: "invoice", kind: "primary", label: t("actions.invoice") });
    return can("rebuild") ? button({ action: "schedule", label: t("actions.rebuild") }) : "";
  }
  function asks(card) {
    return card.actions.includes("invoice") && isPositive(card.debt) && Boolean(card.next);
  }
  function warningsView(t, card, ui) {
    return card.warnings.map((warning) => callout("warning", warning.text, wayOut(t, card, ui, warning)));
  }
  function linksView(t, card, ui) {
    if (card.mode !== "deposit" || !card.links) return "";
    const rows2 = ["deposit", "full"].filter((name) => card.links[name]).map((name) => linkRow(t, name, card.links[name], ui));
    return rows2.length ? html`<ul class="grafik-list grafik-links">${rows2}</ul>` : "";
  }
  function linkRow(t, name, one, ui) {
    const what = t(`links.${name}`);
    const open = one.state === "open";
    return html`<li class="grafik-row" data-link="${name}">
    <div class="grafik-row__main"><span>${what}</span>${one.state !== "paid" && html`<span class="grafik-row__sum">${formatMoney(one.amount)}</span>`}</div>
    <div class="grafik-row__note"><span class="grafik-tone_${one.state === "paid" ? "success" : "muted"}">${t.known(`link_state.${one.state}`) || one.state}</span>${open && link(one.url, t("links.open"))}</div>
    ${open && html`<div class="grafik-row__actions">${copyButton({ t, id: `link-${name}`, text: one.url, label: t("copy.link"), what, copied: ui.copied })}
      ${one.text && copyButton({ t, id: `text-${name}`, text: one.text, label: t("copy.text"), what, copied: ui.copied })}</div>`}</li>`;
  }
  function moneyButtons(t, card) {
    const owes = isPositive(card.debt);
    const can = (action) => card.actions.includes(action);
    const row = [
      asks(card) && card.mode === "deposit" && button({ action: "invoice", label: t("actions.invoice") }),
      asks(card) && card.mode !== "deposit" && can("rebuild") && button({ action: "schedule", label: t("actions.rebuild") }),
      owes && can("full_payment") && button({ action: "full_payment", label: t("actions.full_payment") }),
      can("partial_payment") && button({ action: "partial_payment", label: t("actions.partial_payment") })
    ].filter(Boolean);
    return row.length ? html`<div class="grafik-buttons">${row}</div>` : "";
  }
  function toolsView(t, card, ui) {
    const copy = (id, text, label, what) => text && copyButton({ t, id, text, label, what, copied: ui.copied });
    return html`<div class="grafik-tools">
    <div class="grafik-tools__copies">${copy("pay_url", card.pay_url, t("copy.link"), t("copy.what_pay_url"))}
      ${copy("message", card.mode === "deposit" ? "" : messageOf(card), t("copy.text"), t("copy.what_message"))}
      ${card.pay_url && button({ action: "qr", kind: "small", label: t("actions.qr"), before: icon("qr") })}</div>
    <div class="grafik-tools__links">${card.actions.includes("document") && button({ action: "document", kind: "link", label: t("actions.document") })}
      ${button({ action: "history", kind: "link", label: t("actions.history") })}
      ${button({ action: "analytics", kind: "link", label: t("actions.analytics") })}</div>
  </div>`;
  }

  // src/panel.js
  var COPIED_FOR_MS = 2e3;
  var Panel = class {
    /** deps: {root, leadId, api, t, Modal, nameOf(id), notify: {done, problem}, listen(look)} */
    constructor(deps) {
      Object.assign(this, deps);
      this.ui = { busy: "", expanded: /* @__PURE__ */ new Set(), copied: "", stale: false };
      this.card = null;
      this.dialog = null;
      this.newest = 0;
      this.asking = false;
      this.alive = true;
      this.linksKey = newKey();
      this.onClick = (event) => this.clicked(event);
    }
    start() {
      this.root.addEventListener("click", this.onClick);
      this.freshness = keepFresh(() => this.look(), this.listen);
      this.reload();
    }
    stop() {
      this.alive = false;
      this.freshness.stop();
      this.root.removeEventListener("click", this.onClick);
      if (this.dialog) this.dialog.close(true);
    }
    // what is known
    reload() {
      if (this.card) {
        this.ui.busy = "reload";
        this.drawCard();
      } else {
        this.draw(loadingView(this.t));
      }
      this.load();
    }
    /** A quiet refresh: never while another one or an action is under way. */
    look() {
      if (!this.asking && !this.ui.busy) this.load();
    }
    load() {
      const mine = this.nextTurn();
      this.asking = true;
      this.api.get(`deals/${this.leadId}/`).then(
        (card) => this.answered(mine, () => isCard(card) ? this.accept(card) : this.failed(new ApiError(200, null))),
        (error) => this.answered(mine, () => this.failed(error))
      );
    }
    /** Only the newest question counts, and only while the panel lives. */
    answered(mine, act) {
      if (mine !== this.newest) return;
      this.asking = false;
      if (this.ui.busy === "reload") this.ui.busy = "";
      if (this.alive) act();
    }
    nextTurn() {
      this.newest += 1;
      return this.newest;
    }
    /** A card from any call; it outdates every question asked before. */
    accept(card) {
      this.nextTurn();
      this.asking = false;
      const same = this.card && !this.ui.stale && lasting(card) === lasting(this.card);
      this.card = card;
      this.ui.stale = false;
      if (!same) this.drawCard();
    }
    failed(error) {
      if (this.card) {
        this.ui.stale = true;
        this.drawCard();
        return;
      }
      const final = error.status === 403 || error.status === 404;
      this.draw(failedView(this.t, explain(this.t, error).text, !final));
    }
    // what is seen
    drawCard() {
      this.draw(panelView({ t: this.t, card: this.card, ui: this.ui }));
    }
    draw(markup) {
      const active = document.activeElement;
      const held = active && this.root.contains(active) ? active.dataset.key : "";
      this.root.innerHTML = String(markup);
      if (held) this.focusOn(held);
    }
    focusOn(key) {
      const place = this.root.querySelector(`[data-key="${CSS.escape(key)}"]`);
      if (place) place.focus();
    }
    // what is done
    clicked(event) {
      const button2 = event.target.closest("[data-action]");
      if (!button2) return;
      const { action, id, key, text } = button2.dataset;
      const saved = (notice) => this.saved(notice);
      const invoiced = (notice) => this.invoiced(notice);
      const noted = (notice) => this.noted(notice);
      const invoice = () => this.card.invoices.find((one) => String(one.id) === id);
      const payment = () => this.card.payments.find((one) => String(one.id) === id);
      const paper = () => this.card.documents.find((one) => String(one.id) === id);
      const actions = {
        reload: () => this.reload(),
        links: () => this.makeLinks(),
        copy: () => this.copy(id, text),
        fold: () => this.fold(id),
        schedule: () => this.open(key, openSchedule, saved("notice.schedule")),
        full_payment: () => this.open(key, openFullPayment, saved("notice.payment")),
        partial_payment: () => this.open(key, openPartialPayment, saved("notice.payment")),
        invoice: () => this.open(key, openInvoice, invoiced("notice.invoice")),
        send: () => this.open(key, openSend, invoiced("notice.sent"), invoice()),
        void: () => this.open(key, openVoid, noted("notice.void"), invoice()),
        refund: () => this.open(key, openRefund, noted("notice.refund"), payment()),
        move: () => this.open(key, openMove, saved("notice.moved"), payment()),
        split: () => this.open(key, openSplit, noted("notice.split")),
        reverse: () => this.open(key, openReverse, saved("notice.reversed"), payment()),
        service_rendered: () => this.open(key, openRendered, noted("notice.rendered")),
        reminders: () => this.open(key, openChannel, saved("notice.reminders")),
        payer: () => this.open(key, openPayer, saved("notice.payer")),
        pause: () => this.open(key, openPause, saved("notice.paused")),
        resume: () => this.open(key, openResume, saved("notice.resumed")),
        sign: () => this.open(key, openSign, saved("notice.signed")),
        move_date: () => this.open(key, openMoveDate, saved("notice.schedule")),
        change_total: () => this.open(key, openTotal, saved("notice.schedule")),
        transfer: () => this.open(key, openTransfer, saved("notice.transferred")),
        write_off: () => this.open(key, openWriteOff, saved("notice.written_off")),
        reverse_write_off: () => this.open(key, openReverseWriteOff, saved("notice.written_off")),
        waive_fees: () => this.open(key, openWaive, saved("notice.waived")),
        decide_loss: () => this.open(key, openLoss, saved("notice.decided")),
        restore_price: () => this.open(key, openRestorePrice, saved("notice.price")),
        receipt_send: () => this.open(key, openReceiptSend, noted("notice.receipt"), payment()),
        promise: () => this.open(key, openPromise, saved("notice.promise")),
        stop: () => this.open(key, openStop, saved("notice.stopped")),
        go_on: () => this.open(key, openGoOn, saved("notice.going_on")),
        decide_date: () => this.open(key, openDateRequest, saved("notice.decided")),
        settle: () => this.open(key, openSettle, saved("notice.settled")),
        cancel: () => this.open(key, openCancel, saved("notice.cancelled")),
        revoke: () => this.open(key, openRevoke, saved("notice.revoked")),
        qr: () => this.open(key, openQr, () => void 0),
        analytics: () => this.openAnalytics(),
        document: () => this.open(key, openNewDocument, () => this.load()),
        document_send: () => this.open(key, openDocumentSend, noted("notice.document_sent"), paper()),
        act_accept: () => this.open(key, openActAccept, noted("notice.act_accepted"), paper()),
        act_void: () => this.open(key, openActVoid, noted("notice.act_void"), paper()),
        open_document: () => openDocument(this, id, (words2) => this.alive && this.notify.problem(this.t("documents.not_opened"), words2)),
        history: () => this.open(key, openHistory, () => void 0)
      };
      if (actions[action]) actions[action]();
    }
    /** One dialog at a time; afterwards the focus goes back to the button that opened it. */
    open(key, opener, onDone, subject) {
      if (this.dialog && this.dialog.isOpen()) return;
      const { Modal, t, api, nameOf, card } = this;
      const context = { Modal, t, api, nameOf, today: card.today, card, subject };
      this.dialog = opener(context, {
        onDone: (answer) => this.alive && onDone(answer),
        onCard: (fresh) => this.alive && this.accept(fresh),
        onConflict: (error) => this.alive && this.conflict(error),
        onClosed: () => {
          if (!this.alive) return;
          this.focusOn(key);
          this.look();
        }
      });
    }
    saved(notice) {
      return (card) => {
        if (!isCard(card)) {
          this.failed(new ApiError(200, null));
          this.load();
          return;
        }
        this.accept(card);
        this.notify.done(this.t(notice), card.name);
      };
    }
    invoiced(notice) {
      return () => {
        this.freshness.expectPayment();
        this.notify.done(this.t(notice), this.card.name);
        this.load();
      };
    }
    /** Done, but the answer is not a card: say so and look. */
    noted(notice) {
      return () => {
        this.notify.done(this.t(notice), this.card.name);
        this.load();
      };
    }
    conflict(error) {
      this.notify.problem(this.t("dialog.stale"), explain(this.t, error).text);
      this.load();
    }
    /** The page of figures in a tab: its address is a code for one use, asked for at the click. */
    openAnalytics() {
      const failed = (words2) => this.alive && this.notify.problem(this.t("notice.analytics_failed"), words2);
      const ask = () => this.api.send("POST", "analytics/tab/", {}, "", hasUrl).then((made) => made.url);
      openInTab(ask, this.t("analytics.opening")).then(
        (opened) => opened || failed(this.t("documents.blocked")),
        (error) => failed(explain(this.t, error).text)
      );
    }
    makeLinks() {
      if (this.ui.busy) return;
      this.ui.busy = "links";
      this.drawCard();
      this.api.send("POST", `deals/${this.leadId}/payment-links/`, {}, this.linksKey).then(
        (links) => this.linksMade(links),
        (error) => this.linksFailed(error)
      );
    }
    linksMade({ deposit, full }) {
      if (!this.alive) return;
      this.ui.busy = "";
      this.linksKey = newKey();
      this.freshness.expectPayment();
      this.card = { ...this.card, links: { deposit, full } };
      this.drawCard();
      this.load();
    }
    linksFailed(error) {
      if (!this.alive) return;
      this.ui.busy = "";
      if (!error.unknown) this.linksKey = newKey();
      this.drawCard();
      this.notify.problem(this.t("notice.links_failed"), explain(this.t, error).text);
    }
    copy(id, text) {
      copyText(text).then(
        () => this.alive && this.copied(id),
        () => this.notify.problem(this.t("notice.copy_failed"), text)
      );
    }
    copied(id) {
      this.ui.copied = id;
      this.freshness.expectPayment();
      this.drawCard();
      setTimeout(() => {
        if (!this.alive || this.ui.copied !== id) return;
        this.ui.copied = "";
        this.drawCard();
      }, COPIED_FOR_MS);
    }
    fold(id) {
      if (!this.ui.expanded.delete(id)) this.ui.expanded.add(id);
      this.drawCard();
    }
  };
  function lasting(card) {
    return JSON.stringify({ ...card, documents: card.documents.map((one) => ({ ...one, url: "" })) });
  }

  // src/pages.js
  function showPages(root, t, pages) {
    const names = Object.keys(pages);
    let page = null;
    let current = "";
    function draw() {
      const tabs = names.map((name) => html`<button type="button" class="grafik-switch__button${name === current ? " grafik-switch__button_on" : ""}" data-page="${name}" aria-pressed="${name === current ? "true" : "false"}">${t(`pages.${name}`)}</button>`);
      root.innerHTML = String(html`${names.length > 1 && html`<nav class="grafik-pages" aria-label="${t("pages.which")}">${tabs}</nav>`}<div class="js-grafik-page"></div>`);
    }
    function open(name) {
      if (page) page.stop();
      current = name;
      draw();
      page = pages[name](root.querySelector(".js-grafik-page"));
      page.start();
    }
    const clicked = (event) => {
      const tab = event.target.closest("[data-page]");
      if (!tab || tab.dataset.page === current) return;
      open(tab.dataset.page);
      root.querySelector(`[data-page="${current}"]`).focus();
    };
    root.addEventListener("click", clicked);
    open(names[0]);
    return {
      stop() {
        root.removeEventListener("click", clicked);
        if (page) page.stop();
      }
    };
  }

  // src/settings.js
  function showSettings({ body, code, installed, api, t }) {
    const own = body.querySelector(`#${CSS.escape(code)}_custom_content`);
    const place = document.createElement("div");
    place.className = "grafik grafik-settings";
    (own || body).appendChild(place);
    function show(tone, state, text, again2 = false) {
      place.innerHTML = String(html`<div class="grafik-settings__state" role="status">${pill(tone, t(`settings.${state}`))}</div>
      <p>${text}</p>${again2 && button({ action: "try_again", label: t("panel.retry") })}`);
    }
    function attempt() {
      if (!installed) {
        show("neutral", "not_installed", t("settings.not_installed_text"));
        return;
      }
      show("neutral", "checking", t("settings.checking_text"));
      api.get("deals/0/", isCard).then(
        () => show("success", "connected", t("settings.connected_text")),
        (error) => judge(error)
      );
    }
    function judge(error) {
      if (error.status === 404 && error.problem) show("success", "connected", t("settings.connected_text"));
      else if (error.status === 401) show("error", "unknown_account", t("settings.unknown_account_text"), true);
      else show("warning", "no_answer", explain(t, error).text, true);
    }
    place.addEventListener("click", (event) => {
      if (event.target.closest('[data-action="try_again"]')) attempt();
    });
    attempt();
  }

  // src/stylesheet.js
  var CLASS = "grafik-stylesheet";
  function ensureStylesheet(path, version) {
    const address = `${path}/style.css?v=${encodeURIComponent(version)}`;
    const sheets = Array.from(document.querySelectorAll(`link.${CLASS}`));
    if (sheets.some((sheet2) => sheet2.getAttribute("href") === address)) return;
    sheets.forEach((sheet2) => sheet2.remove());
    const sheet = document.createElement("link");
    sheet.className = CLASS;
    sheet.rel = "stylesheet";
    sheet.href = address;
    document.head.appendChild(sheet);
  }

  // src/texts.js
  function makeTexts(translate, langs) {
    function find(path) {
      const inner = path.split(".").reduce((node, key) => node ? node[key] : void 0, langs);
      if (typeof inner === "string") return inner;
      const answer = translate(path);
      return typeof answer === "string" && answer !== path ? answer : "";
    }
    const t = (path, parameters) => fill3(find(path) || path, parameters || {});
    t.known = (path, parameters) => fill3(find(path), parameters || {});
    t.language = find("language") || "ru";
    const forms = t.language === "en" ? englishForm : pluralForm;
    t.count = (path, number) => t(`${path}.${forms(number)}`, { n: number });
    return t;
  }
  function pluralForm(number) {
    const tens = number % 100;
    const ones = number % 10;
    if (ones === 1 && tens !== 11) return "one";
    return ones >= 2 && ones <= 4 && (tens < 12 || tens > 14) ? "few" : "many";
  }
  function englishForm(number) {
    return number === 1 ? "one" : "many";
  }
  function fill3(text, parameters) {
    return text.replace(/\{(\w+)\}/g, (whole, name) => name in parameters ? parameters[name] : whole);
  }

  // src/fetching.js
  function fetchAs(own) {
    return (options) => {
      const abort = new AbortController();
      const answer = fetch(options.url, {
        method: options.type,
        body: options.data,
        signal: abort.signal,
        credentials: "same-origin",
        headers: { ...own, ...options.contentType ? { "Content-Type": options.contentType } : {}, ...options.headers }
      }).then(
        (response) => response.text().then((text) => ({ status: response.status, responseText: text })),
        () => ({ status: 0, responseText: "" })
      );
      return {
        abort: () => abort.abort(),
        then: (done, failed) => answer.then((xhr) => xhr.status >= 200 && xhr.status < 300 ? done(xhr.responseText) : failed(xhr))
      };
    };
  }

  // src/token.js
  var HEADER = "X-Auth-Token";
  var GOOD_FOR_MS = 10 * 60 * 1e3;
  function keepToken({ now = Date.now, direct = fetchAs, request = () => new XMLHttpRequest() } = {}) {
    let kept = null;
    function noting(person2) {
      const made = request();
      const set = made.setRequestHeader;
      made.setRequestHeader = (name, value) => {
        if (name.toLowerCase() === HEADER.toLowerCase()) kept = { token: value, person: person2, until: now() + GOOD_FOR_MS };
        set.call(made, name, value);
      };
      return made;
    }
    function through(authorizedAjax, person2) {
      const asked2 = (options) => authorizedAjax({ ...options, xhr: () => noting(person2) });
      return (options) => {
        if (!kept || kept.person !== person2 || now() >= kept.until) return asked2(options);
        let call = direct({ [HEADER]: kept.token })(options);
        const again2 = () => {
          kept = null;
          call = asked2(options);
          return call;
        };
        return {
          abort: () => call.abort && call.abort(),
          // Nothing is returned: jQuery's promise, rejected with what `failed` gives back, would be nobody's.
          then: (done, failed) => call.then(done, (xhr) => {
            if (xhr.status === 401) again2().then(done, failed);
            else failed(xhr);
          })
        };
      };
    }
    return { through };
  }

  // src/main.js
  function makeWidget(Modal) {
    const tokens = keepToken();
    return function Widget() {
      const self = this;
      let panel = null;
      let page = null;
      const texts = () => makeTexts((path) => self.i18n(path), self.langs);
      const api = () => makeApi(tokens.through((options) => self.$authorizedAjax(options), person()), void 0, texts().language);
      const style = () => ensureStylesheet(self.params.path, self.get_version());
      function stopPanel() {
        if (panel) panel.stop();
        panel = null;
      }
      function stopPage() {
        if (page) page.stop();
        page = null;
      }
      function openFigures(root) {
        const t = texts();
        root.innerHTML = String(loadingView(t));
        const mine = { stop: () => root.removeEventListener("click", again2) };
        const again2 = (event) => event.target.closest('[data-action="reload"]') && openFigures(root);
        page = mine;
        window.require(
          [`${self.params.path}/lib/figures.js?v=${encodeURIComponent(self.get_version())}`],
          ({ AnalyticsPage, SetupPage }) => {
            if (page !== mine) return;
            mine.stop();
            const pages = { figures: (place) => new AnalyticsPage({ root: place, api: api(), t, notify: notices(), dealUrl, download }) };
            if (isAdmin()) pages.setup = (place) => new SetupPage({ root: place, api: api(), t });
            page = showPages(root, t, pages);
          },
          () => {
            if (page !== mine) return;
            root.innerHTML = String(failedView(t, t("problem.offline"), true));
            root.addEventListener("click", again2, { once: true });
          }
        );
      }
      this.callbacks = {
        render() {
          stopPanel();
          if (!inLeadCard()) return true;
          style();
          self.render_template(
            {
              caption: { class_name: "grafik-caption" },
              body: "",
              render: `<div class="grafik js-grafik">${leadId() ? loadingView(texts()) : unsavedView(texts())}</div>`
            },
            {}
          );
          return true;
        },
        init() {
          stopPanel();
          const root = document.querySelector(".js-grafik");
          const lead = inLeadCard() && leadId();
          if (!root || !lead) return true;
          panel = new Panel({
            root,
            leadId: lead,
            api: api(),
            t: texts(),
            Modal,
            nameOf: managerName,
            notify: notices(),
            listen: (look) => self.listenSocketChannel ? self.listenSocketChannel(`leads:card:${lead}`, ["*"], look) : null
          });
          panel.start();
          return true;
        },
        bind_actions() {
          return true;
        },
        settings($body) {
          style();
          showSettings({
            body: $body[0],
            code: self.get_settings().widget_code,
            installed: self.get_install_status() === "installed",
            api: api(),
            t: texts()
          });
          return true;
        },
        advancedSettings() {
          stopPage();
          const holder = document.querySelector("#list_page_holder");
          if (!holder) return true;
          style();
          const root = document.createElement("div");
          root.className = "grafik";
          holder.replaceChildren(root);
          openFigures(root);
          return true;
        },
        dpSettings() {
          style();
          showTrigger({ code: self.get_settings().widget_code, api: api(), t: texts() });
          return true;
        },
        salesbotDesignerSettings($body) {
          style();
          showStep({ body: $body[0], t: texts() });
          return stepExits(texts());
        },
        onSalesbotDesignerSave(handler, params) {
          return salesbotSteps(handler, params || {}, SALESBOT_URL);
        },
        onSave() {
          return true;
        },
        destroy() {
          stopPanel();
          stopPage();
        }
      };
      return this;
    };
  }
  function leadId() {
    const card = APP.data.current_card;
    return card ? Number(card.id) || 0 : 0;
  }
  function inLeadCard() {
    return APP.getBaseEntity() === "leads" && Boolean(APP.isCard());
  }
  function dealUrl(id) {
    const base = location.pathname.replace(/\/(advanced_)?settings\/.*$/, "").replace(/\/$/, "");
    return `${location.origin}${base}/leads/detail/${id}`;
  }
  function isAdmin() {
    const rights = APP.constant("user_rights");
    return Boolean(rights && rights.is_admin);
  }
  function person() {
    const user = APP.constant("user");
    return String(user && user.id || "");
  }
  function managerName(id) {
    const managers = APP.constant("managers");
    return managers && managers[id] && managers[id].title || "";
  }
  function notices() {
    return {
      done: (header, text) => APP.notifications.show_message({ header, text, date: Math.floor(Date.now() / 1e3) }),
      problem: (header, text) => APP.notifications.show_message_error({ header, text })
    };
  }
  return __toCommonJS(main_exports);
})();
return Grafik.makeWidget(Modal);
});
