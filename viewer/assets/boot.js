// Unpacks the interactive page and starts it. Where that fails, the pre-rendered page stays.
(async () => {
  try {
    const packed = document.getElementById("loadgate-viewer");
    performance.mark("loadgate-begin");
    const module = unpack(bytesOf(packed.textContent), Number(packed.dataset.size));
    performance.mark("loadgate-unpacked");
    await wasm_bindgen({ module_or_path: module });
  } catch (error) {
    console.warn("The interactive page could not start; the pre-rendered one is complete.", error);
  }
})();
