import { defineConfig } from "vitest/config";

// `npm run dev` answers on its own port and hands /api to the running service.
const SERVICE = "http://127.0.0.1:8080";

export default defineConfig({
  build: {
    outDir: "../angkut_backend/static",
    emptyOutDir: true,
    target: "es2023",
    // The notices that the licences of the bundled packages ask for.
    license: { fileName: "licenses.md" },
    // MapLibre is one big module that nothing can split; it is served from the same machine.
    chunkSizeWarningLimit: 1500,
  },
  server: { proxy: { "/api": SERVICE } },
  worker: { format: "es" },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
