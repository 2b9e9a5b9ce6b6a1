// The client stands in the room: the address as a QR code to point a phone at, and to copy.

import { messageOf } from '../card.js';
import { html } from '../html.js';
import { formatMoney } from '../money.js';
import { copyPair } from '../views/controls.js';
import { qrView } from '../views/qr.js';
import { openDialog } from './frame.js';

/** context: {Modal, t, card} */
export function openQr(context, { onClosed }) {
  const { t, card } = context;
  const places = addressesOf(t, card);
  return openDialog(context, {
    title: t('qr.title'),
    content: html`${places.length > 1 && tabsView(t, places)}<div class="grafik-qr-place" aria-live="polite"></div>`,
    onReady(dialog) {
      const show = (place) => {
        dialog.form.querySelector('.grafik-qr-place').innerHTML = String(placeView(t, place));
        dialog.recentre();
      };
      dialog.form.addEventListener('change', (event) => show(places[Number(event.target.value)]));
      show(places[0]);
    },
    onClosed,
  });
}

/** [{name, url, text, amount}]: the links that still ask for money, else the client's page. */
export function addressesOf(t, card) {
  const links = card.mode === 'deposit' && card.links ? card.links : {};
  const open = ['deposit', 'full'].filter((name) => links[name] && links[name].state === 'open');
  const named = open.map((name) => ({ name: t(`links.${name}`), ...links[name] }));
  return named.length ? named : [{ name: t('qr.page'), url: card.pay_url, text: messageOf(card), amount: '' }];
}

function tabsView(t, places) {
  return html`<div class="grafik-tabs" role="radiogroup" aria-label="${t('qr.which')}">${places.map(
    (place, index) => html`<label class="grafik-tab"><input type="radio" name="place" value="${index}"${index === 0 && html` checked`}><span>${place.name}</span></label>`,
  )}</div>`;
}

function placeView(t, place) {
  const code = qrView(place.url, t('qr.label', { name: place.name }));
  return html`${place.amount && html`<p class="grafik-qr-place__sum">${formatMoney(place.amount)}</p>`}
    ${code || html`<p class="grafik-hint">${t('qr.too_long')}</p>`}
    <p class="grafik-hint">${t('qr.how')}</p>
    <p class="grafik-qr-place__address">${place.url}</p>
    ${copyPair({ t, id: 'qr', url: place.url, text: place.text, what: place.name, copied: '' })}`;
}
