import { defineConfig } from 'vitest/config'

const minute = 60_000

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/interop/**', 'test/cluster/**'],
          testTimeout: minute,
          hookTimeout: minute,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          globalSetup: ['test/interop/install-peers.ts'],
          // Each test starts many processes of its own.
          maxWorkers: 2,
          testTimeout: 10 * minute,
          hookTimeout: 10 * minute,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          globalSetup: ['test/interop/install-peers.ts', 'test/cluster/peers.ts'],
          maxWorkers: 1,
          testTimeout: 20 * minute,
          // The first time, programs are built.
          hookTimeout: 40 * minute,
        },
      },
    ],
  },
})
