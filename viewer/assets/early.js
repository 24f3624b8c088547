// Before anything is painted: the theme that the reader has chosen earlier. A sandboxed page has no storage.
try {
  const theme = localStorage.getItem("loadgate-theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {}
