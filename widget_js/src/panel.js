// The panel in the lead's card: holds the last known card and the little view state, redraws the pure
// view, answers clicks. It belongs to one lead and one DOM node: after stop() no late answer, timer
// or dialog of it touches the page, so moving between cards never shows another deal's money.

import { hasUrl } from './answers.js';
import { ApiError, newKey } from './api.js';
import { isCard } from './card.js';
import { copyText } from './copy.js';
import { keepFresh } from './freshness.js';
import { openInTab } from './new_tab.js';
import { explain } from './problems.js';
import { openDateRequest, openGoOn, openPromise, openStop } from './dialogs/collecting.js';
import { openLoss, openRestorePrice, openReverseWriteOff, openWaive, openWriteOff } from './dialogs/debts.js';
import { openCancel, openRevoke, openSettle, openVoid } from './dialogs/decisions.js';
import { openChannel, openRendered, openReverse } from './dialogs/corrections.js';
import { openActAccept, openActVoid } from './dialogs/act.js';
import { openDocument, openDocumentSend, openNewDocument } from './dialogs/document.js';
import { openHistory } from './dialogs/history.js';
import { openInvoice, openSend } from './dialogs/invoice.js';
import { openMoveDate, openPause, openResume, openSign, openTotal, openTransfer } from './dialogs/life.js';
import { openMove } from './dialogs/move.js';
import { openPayer } from './dialogs/payer.js';
import { openFullPayment, openPartialPayment } from './dialogs/payment.js';
import { openQr } from './dialogs/qr.js';
import { openReceiptSend } from './dialogs/receipt.js';
import { openRefund } from './dialogs/refund.js';
import { openSchedule } from './dialogs/schedule.js';
import { openSplit } from './dialogs/split.js';
import { failedView, loadingView, panelView } from './views/panel.js';

const COPIED_FOR_MS = 2000;

export class Panel {
  /** deps: {root, leadId, api, t, Modal, nameOf(id), notify: {done, problem}, listen(look)} */
  constructor(deps) {
    Object.assign(this, deps);
    this.ui = { busy: '', expanded: new Set(), copied: '', stale: false };
    this.card = null;
    this.dialog = null;
    this.newest = 0;
    this.asking = false;
    this.alive = true;
    this.linksKey = newKey();
    this.onClick = (event) => this.clicked(event);
  }

  start() {
    this.root.addEventListener('click', this.onClick);
    this.freshness = keepFresh(() => this.look(), this.listen);
    this.reload();
  }

  stop() {
    this.alive = false;
    this.freshness.stop();
    this.root.removeEventListener('click', this.onClick);
    if (this.dialog) this.dialog.close(true);
  }

  // what is known

  reload() {
    if (this.card) {
      this.ui.busy = 'reload';
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
      (card) => this.answered(mine, () => (isCard(card) ? this.accept(card) : this.failed(new ApiError(200, null)))),
      (error) => this.answered(mine, () => this.failed(error)),
    );
  }

  /** Only the newest question counts, and only while the panel lives. */
  answered(mine, act) {
    if (mine !== this.newest) return;
    this.asking = false;
    if (this.ui.busy === 'reload') this.ui.busy = '';
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
    const held = active && this.root.contains(active) ? active.dataset.key : '';
    this.root.innerHTML = String(markup);
    if (held) this.focusOn(held);
  }

  focusOn(key) {
    const place = this.root.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (place) place.focus();
  }

  // what is done

  clicked(event) {
    const button = event.target.closest('[data-action]');
    if (!button) return;
    const { action, id, key, text } = button.dataset;
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
      schedule: () => this.open(key, openSchedule, saved('notice.schedule')),
      full_payment: () => this.open(key, openFullPayment, saved('notice.payment')),
      partial_payment: () => this.open(key, openPartialPayment, saved('notice.payment')),
      invoice: () => this.open(key, openInvoice, invoiced('notice.invoice')),
      send: () => this.open(key, openSend, invoiced('notice.sent'), invoice()),
      void: () => this.open(key, openVoid, noted('notice.void'), invoice()),
      refund: () => this.open(key, openRefund, noted('notice.refund'), payment()),
      move: () => this.open(key, openMove, saved('notice.moved'), payment()),
      split: () => this.open(key, openSplit, noted('notice.split')),
      reverse: () => this.open(key, openReverse, saved('notice.reversed'), payment()),
      service_rendered: () => this.open(key, openRendered, noted('notice.rendered')),
      reminders: () => this.open(key, openChannel, saved('notice.reminders')),
      payer: () => this.open(key, openPayer, saved('notice.payer')),
      pause: () => this.open(key, openPause, saved('notice.paused')),
      resume: () => this.open(key, openResume, saved('notice.resumed')),
      sign: () => this.open(key, openSign, saved('notice.signed')),
      move_date: () => this.open(key, openMoveDate, saved('notice.schedule')),
      change_total: () => this.open(key, openTotal, saved('notice.schedule')),
      transfer: () => this.open(key, openTransfer, saved('notice.transferred')),
      write_off: () => this.open(key, openWriteOff, saved('notice.written_off')),
      reverse_write_off: () => this.open(key, openReverseWriteOff, saved('notice.written_off')),
      waive_fees: () => this.open(key, openWaive, saved('notice.waived')),
      decide_loss: () => this.open(key, openLoss, saved('notice.decided')),
      restore_price: () => this.open(key, openRestorePrice, saved('notice.price')),
      receipt_send: () => this.open(key, openReceiptSend, noted('notice.receipt'), payment()),
      promise: () => this.open(key, openPromise, saved('notice.promise')),
      stop: () => this.open(key, openStop, saved('notice.stopped')),
      go_on: () => this.open(key, openGoOn, saved('notice.going_on')),
      decide_date: () => this.open(key, openDateRequest, saved('notice.decided')),
      settle: () => this.open(key, openSettle, saved('notice.settled')),
      cancel: () => this.open(key, openCancel, saved('notice.cancelled')),
      revoke: () => this.open(key, openRevoke, saved('notice.revoked')),
      qr: () => this.open(key, openQr, () => undefined),
      analytics: () => this.openAnalytics(),
      document: () => this.open(key, openNewDocument, () => this.load()),
      document_send: () => this.open(key, openDocumentSend, noted('notice.document_sent'), paper()),
      act_accept: () => this.open(key, openActAccept, noted('notice.act_accepted'), paper()),
      act_void: () => this.open(key, openActVoid, noted('notice.act_void'), paper()),
      open_document: () => openDocument(this, id, (words) => this.alive && this.notify.problem(this.t('documents.not_opened'), words)),
      history: () => this.open(key, openHistory, () => undefined),
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
      },
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
    this.notify.problem(this.t('dialog.stale'), explain(this.t, error).text);
    this.load();
  }

  /** The page of figures in a tab: its address is a code for one use, asked for at the click. */
  openAnalytics() {
    const failed = (words) => this.alive && this.notify.problem(this.t('notice.analytics_failed'), words);
    const ask = () => this.api.send('POST', 'analytics/tab/', {}, '', hasUrl).then((made) => made.url);
    openInTab(ask, this.t('analytics.opening')).then(
      (opened) => opened || failed(this.t('documents.blocked')),
      (error) => failed(explain(this.t, error).text),
    );
  }

  makeLinks() {
    if (this.ui.busy) return;
    this.ui.busy = 'links';
    this.drawCard();
    this.api.send('POST', `deals/${this.leadId}/payment-links/`, {}, this.linksKey).then(
      (links) => this.linksMade(links),
      (error) => this.linksFailed(error),
    );
  }

  linksMade({ deposit, full }) {
    if (!this.alive) return;
    this.ui.busy = '';
    this.linksKey = newKey();
    this.freshness.expectPayment();
    this.card = { ...this.card, links: { deposit, full } };
    this.drawCard();
    this.load();
  }

  linksFailed(error) {
    if (!this.alive) return;
    this.ui.busy = '';
    if (!error.unknown) this.linksKey = newKey();
    this.drawCard();
    this.notify.problem(this.t('notice.links_failed'), explain(this.t, error).text);
  }

  copy(id, text) {
    copyText(text).then(
      () => this.alive && this.copied(id),
      () => this.notify.problem(this.t('notice.copy_failed'), text),
    );
  }

  copied(id) {
    this.ui.copied = id;
    this.freshness.expectPayment();
    this.drawCard();
    setTimeout(() => {
      if (!this.alive || this.ui.copied !== id) return;
      this.ui.copied = '';
      this.drawCard();
    }, COPIED_FOR_MS);
  }

  fold(id) {
    if (!this.ui.expanded.delete(id)) this.ui.expanded.add(id);
    this.drawCard();
  }
}

/** What a card says, without the tickets of its documents, which are new in every answer. */
function lasting(card) {
  return JSON.stringify({ ...card, documents: card.documents.map((one) => ({ ...one, url: '' })) });
}
