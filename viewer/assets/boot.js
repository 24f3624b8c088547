// Unpacks the interactive page and starts it. Where that fails, the pre-rendered page stays.
(async () => {
  try {
    const packed = atob(document.getElementById("loadgate-viewer").textContent);
    const bytes = Uint8Array.from(packed, (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    await wasm_bindgen({ module_or_path: await new Response(stream).arrayBuffer() });
    performance.mark("loadgate-interactive");
  } catch (error) {
    console.warn("The interactive page could not start; the pre-rendered one is complete.", error);
  }
})();
