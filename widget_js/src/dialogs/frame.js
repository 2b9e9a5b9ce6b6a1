// One frame for every dialog: amoCRM's Modal around our form, and the life of one submit.
// The Idempotency-Key is made when the dialog is drawn. While an answer is unknown (time-out, no
// connection) the fields stay locked and only the same call can be repeated, with the same key:
// a second click, a slow network or an impatient Enter never makes a second payment. A refusal at the
// door (who are you, too often, not now) says nothing of the call whose answer was lost: the doubt stays.

import { newKey } from '../api.js';
import { html } from '../html.js';
import { explain, fieldErrors } from '../problems.js';
import { callout } from '../views/callout.js';
import { button, icon } from '../views/controls.js';
import { connectCopies } from './copies.js';
import { connectPickers, showFieldErrors } from './fields.js';
import { trapFocus } from './focus.js';
import { ignoreSecondClick } from './second_click.js';

/**
 * spec: title, content (Markup), wide?, submitLabel? (none: a dialog to read), submitKind?, cancelLabel?, collect(form) → body or null,
 * send(body, key) → Promise, onDone(answer), doneView?(answer) → Markup (the dialog stays and shows it),
 * onConflict?(error) after a 409 that closed it, onStale?(dialog) after a stale version or a 409 that brings the new card, which did not,
 * onReady?(dialog), onClosed().
 */
export function openDialog({ Modal, t }, spec) {
  const dialog = new Dialog(t, spec);
  dialog.open(Modal);
  return dialog;
}

class Dialog {
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
      class_name: 'grafik-modal',
      disable_enter_keydown: true,
      init: ($body) => this.draw($body),
      destroy: () => this.mayClose(),
    });
  }

  isOpen() {
    return !this.closed;
  }

  /** `force` leaves even while a save is under way: the card itself is going away. */
  close(force = false) {
    if (this.closed || (this.busy && !force)) return;
    this.forced = force;
    this.modal.destroy();
  }

  showProblem(text) {
    this.find('.grafik-dialog__problem').innerHTML = text ? String(callout('error', text)) : '';
  }

  /** amoCRM's Modal may draw at once or later: everything that needs the form starts here. */
  draw($body) {
    $body.trigger('modal:loaded').html(String(frameView(this.t, this.spec)));
    this.place = $body[0].querySelector('.grafik-dialog');
    this.form = this.place.querySelector('form');
    this.place.parentNode.style.cssText = 'width:auto;padding:0';
    this.recentre = () => $body.trigger('modal:centrify');
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    // The cross carries Modal's own class, so that Modal draws no second one; the click is answered here.
    this.form.addEventListener('click', (event) => {
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
    this.showProblem('');
    this.spec.send(body, this.key).then(
      (answer) => this.succeed(answer),
      (error) => this.fail(error, body),
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
    const fields = this.find('.grafik-dialog__fields');
    fields.disabled = false;
    fields.innerHTML = String(markup);
    this.find('.grafik-dialog__actions').innerHTML = String(closeButton(this.t));
    this.recentre();
    fields.querySelector('button').focus();
  }

  fail(error, body) {
    if (this.closed) return;
    this.setBusy(false);
    if (error.unknown || error.code === 'still_running' || (this.unknownBody && error.atTheDoor)) this.holdUnknown(error, body);
    else this.release(error);
  }

  holdUnknown(error, body) {
    this.unknownBody = body;
    this.find('.grafik-dialog__fields').disabled = true;
    this.setSubmitLabel(this.t('dialog.retry'));
    this.showProblem(`${explain(this.t, error).text} ${this.t('dialog.unknown')}`);
  }

  /** The server refused: nothing was written, so what is sent next is a new call with a new key. */
  release(error) {
    this.unknownBody = null;
    this.key = newKey();
    this.find('.grafik-dialog__fields').disabled = false;
    this.setSubmitLabel(this.spec.submitLabel);
    const stale = error.code === 'stale_version' || (error.status === 409 && !error.problem);
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
    this.showProblem([explain(this.t, error).text, ...left].join(' '));
  }

  setBusy(busy) {
    this.busy = busy;
    this.find('.grafik-dialog__submit').classList.toggle('grafik-button_busy', busy);
    this.place.setAttribute('aria-busy', String(busy));
  }

  setSubmitLabel(text) {
    this.find('.grafik-dialog__submit .grafik-button__label').textContent = text;
  }

  find(selector) {
    return this.form.querySelector(selector);
  }
}

function closeButton(t) {
  return button({ action: 'close', label: t('dialog.close') });
}

function frameView(t, spec) {
  const foot = spec.submitLabel
    ? html`<button type="submit" class="grafik-button grafik-button_${spec.submitKind || 'primary'} grafik-dialog__submit"><span class="grafik-button__label">${spec.submitLabel}</span></button>
       ${button({ action: 'close', kind: 'text', label: spec.cancelLabel || t('dialog.cancel') })}`
    : closeButton(t);
  return html`<div class="grafik grafik-dialog${spec.wide ? ' grafik-dialog_wide' : ''}" role="dialog" aria-modal="true" aria-labelledby="grafik-dialog-title"><form novalidate autocomplete="off">
    <button type="button" class="modal-body__close grafik-dialog__cross" data-action="close" aria-label="${t('dialog.close')}">${icon('cross')}</button>
    <h2 class="grafik-dialog__title" id="grafik-dialog-title" tabindex="-1">${spec.title}</h2>
    <fieldset class="grafik-dialog__fields">${spec.content}</fieldset>
    <div class="grafik-dialog__problem" role="alert"></div>
    <div class="grafik-dialog__actions modal-body__actions">${foot}</div></form></div>`;
}
