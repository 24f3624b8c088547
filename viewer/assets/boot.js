// Unpacks the interactive page and starts it. Where that fails, the pre-rendered page stays.
(async () => {
  try {
    const packed = document.getElementById("loadgate-viewer");
    const bytes = Uint8Array.from(atob(packed.textContent), (c) => c.charCodeAt(0));
    await wasm_bindgen({ module_or_path: unpack(bytes, Number(packed.dataset.size)) });
    performance.mark("loadgate-interactive");
  } catch (error) {
    console.warn("The interactive page could not start; the pre-rendered one is complete.", error);
  }
})();
