// kubectl's own kustomize has no flag for functions that are programs.
import { execFileSync, spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { kubectlBin } from './peers.ts'

test('kubectl leaves them out without a word, and the check of the examples says so', () => {
  const args = ['kustomize', '--enable-alpha-plugins', 'examples/kustomize/overlays/staging']
  const input = execFileSync(kubectlBin, args, { stdio: 'pipe' })
  const check = ['examples/github/check-build.mjs', 'Secret/database', 'Secret/shop-settings']
  const { status, stderr } = spawnSync(process.execPath, check, { input, encoding: 'utf8' })
  expect(status).toBe(1)
  expect(stderr).toBe(
    'check-build: Secret/shop-settings is missing: was its generator left out?\n' +
      'check-build: Secret/database is still encrypted: was its transformer left out?\n',
  )
})
