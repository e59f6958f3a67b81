// The examples that need more than Node.js: kustomize and helm.
import { spawnSync } from 'node:child_process'
import { beforeAll, describe, expect, test } from 'vitest'
import { installPeers, peersPath } from './peers.ts'

beforeAll(() => {
  installPeers([{ name: 'helm', module: 'helm.sh/helm/v3/cmd/helm', version: 'v3.20.2', shows: '' }])
})

const env = { ...process.env, PATH: `${peersPath}:${process.env.PATH ?? ''}` }

function run(name: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`examples/${name}/run.mjs`], {
    encoding: 'utf8',
    env,
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout
}

describe('the examples run', () => {
  test('kustomize', () => {
    const stdout = run('kustomize')
    for (const name of ['staging', 'production']) expect(stdout).toContain(`password: the-password-of-${name}`)
    expect(stdout).toMatch(/secretRef:\n\s+name: shop-settings-[a-z0-9]{10}/)
    expect(stdout).toContain('tls.key: |\n    -----BEGIN PRIVATE KEY-----')
    expect(stdout).toContain('password: placeholder-')
    expect(stdout).toContain('The check notices functions that were left out.')
  })

  test('Argo CD', () => {
    const stdout = run('argocd')
    expect(stdout).toContain('The plugin is for kustomize/overlays/production: true')
    expect(stdout).toContain('password: the-password-of-production')
  })

  test('GitHub', () => {
    const done = ['TSOPS_KRM_MODE', 'SOPS_AGE_KEY'].map((name) => `${name}: the build holds what it should\n`)
    expect(run('github')).toBe(done.join(''))
  })

  test('Helm', () => {
    expect(run('helm').split('password: "the-password-of-helm"')).toHaveLength(4)
  })
})
