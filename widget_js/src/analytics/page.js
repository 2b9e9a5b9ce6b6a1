// The page of figures in amoCRM's settings: holds what was asked and the last answers, redraws the region
// that changed, answers clicks. Only the newest question counts; while it is under way the old figures stay,
// veiled, and a failure says so in their place with a way to try again.

import { hasResults, isAging, isChoices, isSummary } from '../answers.js';
import { newKey } from '../api.js';
import { connectPickers, showFieldErrors } from '../dialogs/fields.js';
import { explain, fieldErrors } from '../problems.js';
import { makeWorkbook } from './workbook.js';
import { FIRST_PRESET, knownDay, ownPeriod, periodOf, queryOf } from './periods.js';
import { agingView, excelView, failedView, figuresView, filtersView, frameView, groupsView, listView, monthsView, waitingView } from './views.js';

const RESIZED_MS = 150;
const DRAWN = ['figures', 'chart', 'groups', 'aging', 'list'];
const ROWS = 25;
/** Frame and padding of the chart's box at both sides. */
const CHART_EDGES = 34;

export class AnalyticsPage {
  /** deps: {root, api, t, notify: {done, problem}, dealUrl(leadId)? (else the server's), download(url), unauthorized? (words)} */
  constructor(deps) {
    Object.assign(this, deps);
    this.ui = { preset: FIRST_PRESET, tab: 'received', group: 'programme', making: '', progress: 0, more: '' };
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
    this.form = this.region('filters');
    this.root.addEventListener('click', this.onClick);
    // The calendar writes its day into the field first, then the page reads it.
    connectPickers(this.form);
    this.form.addEventListener('change', this.onChange);
    this.form.addEventListener('submit', (event) => event.preventDefault());
    // Not the window's resize: amoCRM may show a page that was drawn hidden, or before its styles came.
    this.widths = new ResizeObserver(this.onResize);
    this.widths.observe(this.region('chart').parentNode);
    this.begin();
  }

  stop() {
    this.alive = false;
    clearTimeout(this.resized);
    this.widths?.disconnect();
    this.root.removeEventListener('click', this.onClick);
  }

  // what is known

  /** The filters' choices and the account's day come first: a period needs to know which day it is. */
  begin() {
    this.draw('figures', waitingView(this.t));
    this.api.get('analytics/filters/', isChoices).then(
      (choices) => {
        if (!this.alive) return;
        this.choices = choices;
        this.dealUrl = this.dealUrl || ((id) => choices.deal_url + id);
        Object.assign(this.asked, periodOf(this.ui.preset, choices.today));
        this.drawFilters();
        this.load();
      },
      (error) => this.alive && this.failed(error),
    );
  }

  load() {
    const mine = this.nextTurn();
    this.veil(true);
    const query = queryOf(this.asked);
    const asked = [
      [`analytics/summary/?${query}`, isSummary],
      [`analytics/aging/?${query}`, isAging],
      [this.listAddress(), hasResults],
    ];
    Promise.all(asked.map(([path, fits]) => this.api.get(path, fits))).then(
      ([summary, aging, list]) => this.current(mine) && this.accept(summary, aging, list),
      (error) => this.current(mine) && this.failed(error),
    );
  }

  loadList() {
    const mine = this.nextTurn();
    this.veil(true, ['list']);
    this.api.get(this.listAddress(), hasResults).then(
      (list) => this.current(mine) && this.acceptList(list),
      (error) => this.current(mine) && this.failed(error),
    );
  }

  loadMore() {
    if (this.ui.more || !this.cursor) return;
    const mine = this.turn;
    this.ui.more = 'more';
    this.drawList();
    this.api.get(this.listAddress(this.cursor), hasResults).then(
      (list) => this.current(mine) && this.acceptList({ ...list, results: [...this.rows, ...list.results] }),
      (error) => this.current(mine) && this.moreFailed(error),
    );
  }

  listAddress(cursor = '') {
    return `analytics/payments/?${queryOf({ ...this.asked, state: this.ui.tab, limit: ROWS, cursor })}`;
  }

  nextTurn() {
    this.turn += 1;
    this.ui.more = '';
    return this.turn;
  }

  current(turn) {
    return this.alive && turn === this.turn;
  }

  accept(summary, aging, list) {
    Object.assign(this, { summary, aging });
    this.draw('figures', figuresView(this.t, summary, this.asked.known_at));
    this.drawChart();
    this.drawGroups();
    this.draw('aging', agingView(this.t, aging));
    this.draw('excel', excelView(this.t, { busy: this.ui.making, progress: this.ui.progress }));
    this.acceptList(list);
    this.veil(false);
  }

  acceptList(list) {
    this.ui.more = '';
    this.rows = list.results;
    this.cursor = list.next && new URL(list.next).searchParams.get('cursor');
    this.drawList();
    this.veil(false, ['list']);
  }

  failed(error) {
    const left = showFieldErrors(this.form, fieldErrors(error));
    this.veil(false);
    if (Object.keys(error.fields).length && !left.length) return;
    const ended = error.status === 401 && this.unauthorized;
    const { text, retry } = ended ? { text: ended, retry: false } : explain(this.t, error);
    this.summary = null;
    DRAWN.forEach((name) => this.draw(name, ''));
    this.draw('figures', failedView(this.t, text, retry));
  }

  moreFailed(error) {
    this.ui.more = '';
    this.drawList();
    this.notify.problem(this.t('analytics.more_failed'), explain(this.t, error).text);
  }

  // what is seen

  region(name) {
    return this.root.querySelector(`[data-region="${name}"]`);
  }

  drawFilters() {
    this.draw('filters', filtersView({ t: this.t, choices: this.choices, asked: this.asked, preset: this.ui.preset }));
  }

  drawChart() {
    this.drawnWidth = this.chartWidth();
    const open = Boolean(this.region('chart').querySelector('details[open]'));
    this.draw('chart', monthsView({ t: this.t, months: this.summary.by_period, width: this.drawnWidth }));
    if (open) this.region('chart').querySelector('details').open = true;
  }

  /** An empty region has no width of its own: the body around it has. */
  chartWidth() {
    return Math.max(260, Math.floor(this.region('chart').parentNode.clientWidth) - CHART_EDGES);
  }

  drawGroups() {
    this.draw('groups', groupsView({ t: this.t, summary: this.summary, group: this.ui.group }));
  }

  drawList() {
    const { t, summary, rows, cursor, ui, dealUrl } = this;
    this.draw('list', listView({ t, tab: ui.tab, summary, rows, more: Boolean(cursor), busy: ui.more, dealUrl }));
  }

  draw(name, markup) {
    const place = this.region(name);
    const active = document.activeElement;
    const held = active && place.contains(active) ? active.dataset.key || active.name : '';
    place.innerHTML = String(markup);
    const again = held && place.querySelector(`[data-key="${CSS.escape(held)}"], [name="${CSS.escape(held)}"]${held === 'preset' ? ':checked' : ''}`);
    if (again) again.focus();
  }

  veil(on, regions = DRAWN) {
    regions.forEach((name) => {
      const place = this.region(name);
      place.classList.toggle('grafik-region_veiled', on && Boolean(this.summary));
      place.setAttribute('aria-busy', String(on));
    });
  }

  // what is done

  changed(event) {
    const { name: own, value, dataset } = event.target;
    const name = own || dataset.picker;
    if (!name) return;
    if (name === 'preset') this.choosePeriod(value);
    else if (name === 'from' || name === 'to') this.typePeriod();
    else if (name === 'known_at') this.typeKnown();
    else {
      this.asked[name] = value;
      this.load();
    }
  }

  choosePeriod(preset) {
    this.ui.preset = preset;
    if (preset !== 'own') Object.assign(this.asked, periodOf(preset, this.choices.today));
    this.drawFilters();
    if (preset !== 'own') this.load();
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
    Object.assign(this.asked, knownDay(''));
    this.drawFilters();
    this.load();
  }

  clicked(event) {
    const place = event.target.closest('[data-action]');
    if (!place) return;
    const { action, id } = place.dataset;
    const actions = {
      reload: () => (this.choices ? this.load() : this.begin()),
      tab: () => this.show(id),
      group: () => this.regroup(id),
      // A field's calendar button has the field's name alone: the picker answers it.
      pick: () => id.includes(':') && this.narrow(id),
      now: () => this.now(),
      more: () => this.loadMore(),
      excel: () => this.excel(id),
    };
    if (actions[action]) actions[action]();
  }

  show(tab) {
    this.ui.tab = tab;
    this.rows = [];
    this.cursor = '';
    this.loadList();
  }

  regroup(group) {
    this.ui.group = group;
    this.drawGroups();
  }

  /** A click on a group's name narrows everything to it; a second one widens again. */
  narrow(id) {
    const [name, ...value] = id.split(':');
    this.asked[name] = String(this.asked[name] || '') === value.join(':') ? '' : value.join(':');
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
        this.making('', 0);
        this.download(url);
      },
      (error) => {
        if (!this.alive) return;
        this.making('', 0);
        this.notify.problem(this.t('analytics.excel_failed'), error.status === undefined ? error.message : explain(this.t, error).text);
      },
    );
  }

  making(report, progress) {
    Object.assign(this.ui, { making: report, progress });
    this.draw('excel', excelView(this.t, { busy: report, progress }));
  }
}
