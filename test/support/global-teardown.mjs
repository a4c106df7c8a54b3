/** Undoes what global-setup.mjs made, the last first. */
export default async function globalTeardown() {
  for (const undo of globalThis.__BERTH_UNDO__.reverse()) await undo();
}
