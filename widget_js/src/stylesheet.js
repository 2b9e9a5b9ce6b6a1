// Our stylesheet in the page's head, once, under a versioned id: amoCRM keeps the page alive across
// upgrades of a widget, so an older version's sheet is taken out.

const CLASS = 'grafik-stylesheet';

export function ensureStylesheet(path, version) {
  const address = `${path}/style.css?v=${encodeURIComponent(version)}`;
  const sheets = Array.from(document.querySelectorAll(`link.${CLASS}`));
  if (sheets.some((sheet) => sheet.getAttribute('href') === address)) return;
  sheets.forEach((sheet) => sheet.remove());
  const sheet = document.createElement('link');
  sheet.className = CLASS;
  sheet.rel = 'stylesheet';
  sheet.href = address;
  document.head.appendChild(sheet);
}
