// Encrypts a Kubernetes Secret with a new age key, shows it, decrypts it and compares: node examples/cli/run.mjs
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'

const cli = fileURLToPath(new URL('../../dist/bin/tsops.js', import.meta.url))
const secret = fileURLToPath(new URL('secret.yaml', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'tsops-demo-'))

try {
  const identity = await generateX25519Identity()
  const recipient = await identityToRecipient(identity)
  writeFileSync(join(directory, 'keys.txt'), `${identity}\n`, { mode: 0o600 })
  const env = { ...process.env, SOPS_AGE_KEY_FILE: join(directory, 'keys.txt') }
  const tsops = (...args) => execFileSync(process.execPath, [cli, ...args], { env })

  const encrypted = join(directory, 'secret.yaml')
  const select = ['--encrypted-regex', '^(data|stringData)$']
  writeFileSync(encrypted, tsops('encrypt', '--age', recipient, ...select, secret))
  console.log(`$ tsops encrypt --age ${recipient} --encrypted-regex '^(data|stringData)$' secret.yaml`)
  console.log(readFileSync(encrypted, 'utf8'))

  const decrypted = tsops('decrypt', encrypted)
  console.log('$ tsops decrypt secret.yaml')
  console.log(decrypted.toString())

  const equal = decrypted.equals(readFileSync(secret))
  console.log(equal ? 'Byte for byte the file that it was.' : 'The bytes differ!')
  if (!equal) process.exitCode = 1
} finally {
  rmSync(directory, { recursive: true })
}
