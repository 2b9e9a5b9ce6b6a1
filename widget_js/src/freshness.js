// When to look again: at once when the manager comes back to the tab or amoCRM says the card changed,
// and by a slow pulse while the tab is seen; a quick pulse for some minutes after a link went out,
// because then a payment is what everybody waits for.

const SLOW_MS = 15000;
const QUICK_MS = 2500;
const QUICK_FOR_MS = 600000;

/** `look()` asks for the card quietly. → {expectPayment(), stop()} */
export function keepFresh(look, listen) {
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
  document.addEventListener('visibilitychange', returned);
  window.addEventListener('focus', returned);
  const unlisten = listen(look);
  schedule();

  return {
    expectPayment() {
      quickUntil = Date.now() + QUICK_FOR_MS;
      schedule();
    },
    stop() {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', returned);
      window.removeEventListener('focus', returned);
      if (typeof unlisten === 'function') unlisten();
    },
  };
}
