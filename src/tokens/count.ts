/** Synchronous counting, for worker threads and the simulator. The data plane goes through `index.ts`, which uses a worker. */
export {}
