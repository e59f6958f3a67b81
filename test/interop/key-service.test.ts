// sops asks our key service, we ask sops', and both tell alike what went wrong.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alice, bob, carol } from '../test-keys.ts'
import { sopsBin } from './peers.ts'
import { type RunInput, type RunResult, sops, tsops } from './sops.ts'

type Program = (args: readonly string[], input?: RunInput) => Promise<RunResult>

const programs: Readonly<Record<string, { run: Program; command: readonly [string, ...string[]] }>> = {
  sops: { run: sops, command: [sopsBin] },
  tsops: { run: tsops, command: [process.execPath, resolve('dist/src/cli/main.js')] },
}

let directory = ''
const started: ChildProcess[] = []
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tsops-keyservice-'))
})
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL')
  await rm(directory, { recursive: true })
})

interface Service {
  readonly address: string
  readonly child: ChildProcess
  readonly output: () => string
}

/** A key service with an identity of its own. */
async function start(
  name: string,
  network: string,
  args: readonly string[] = [],
  identity = bob.identity,
): Promise<Service> {
  const place = network === 'unix' ? join(directory, `${name}-${started.length}.sock`) : `127.0.0.1:${await freePort()}`
  const [file, ...first] = programs[name]!.command
  const child = spawn(file, [...first, 'keyservice', '--network', network, '--address', place, ...args], {
    env: { PATH: process.env.PATH, HOME: directory, SOPS_AGE_KEY: identity },
  })
  started.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const address = network === 'unix' ? `unix://${place}` : `tcp://${place}`
  while (!(network === 'unix' ? existsSync(place) : await answers(place))) await sleep(50)
  return { address, child, output: () => output }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function answers(place: string): Promise<boolean> {
  const { connect } = await import('node:net')
  return new Promise((done) => {
    const socket = connect(Number(place.split(':')[1]), '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.on('error', () => done(false))
  })
}

// No identity on this side: what opens is the service's work.
const bare = { SOPS_AGE_KEY: '' }
const remoteOnly = (address: string): string[] => ['--enable-local-keyservice=false', '--keyservice', address]

describe.each(['sops', 'tsops'])('the key service of %s', (server) => {
  test.each([
    ['tcp', 'sops'],
    ['tcp', 'tsops'],
    ['unix', 'sops'],
    ['unix', 'tsops'],
  ])('over %s, asked by %s', async (network, client) => {
    const { address } = await start(server, network)
    const { run } = programs[client]!
    const plain = join(directory, `${server}-${network}-${client}.json`)
    await writeFile(plain, '{"a": "b"}')
    const encrypted = await run(['encrypt', '--age', bob.recipient, ...remoteOnly(address), plain], { env: bare })
    expect(encrypted.status, encrypted.stderr).toBe(0)
    const ours = `${plain}.enc.json`
    await writeFile(ours, encrypted.stdout)
    for (const program of Object.values(programs)) {
      for (const args of [remoteOnly(address), ['--keyservice', address]]) {
        const opened = await program.run(['decrypt', ...args, ours], { env: bare })
        expect(opened.status, opened.stderr).toBe(0)
        expect(JSON.parse(opened.stdout.toString())).toEqual({ a: 'b' })
      }
      const variable = await program.run(['decrypt', ours], {
        env: { ...bare, SOPS_KEYSERVICE: `unix:///absent, ${address}`, SOPS_ENABLE_LOCAL_KEYSERVICE: '' },
      })
      expect(variable.status, variable.stderr).toBe(0)
    }
  })
})

describe('failures', () => {
  async function encryptFor(...groups: readonly (readonly { readonly recipient: string }[])[]): Promise<string> {
    const entries = groups.map((group) => `{age: [${group.map(({ recipient }) => recipient).join(', ')}]}`)
    const config = join(directory, 'rules.yaml')
    const plain = join(directory, 'plain.yaml')
    await writeFile(config, `creation_rules: [{key_groups: [${entries.join(', ')}]}]`)
    await writeFile(plain, 'a: b\n')
    const { stdout, status, stderr } = await sops(['--config', config, 'encrypt', plain])
    expect(status, stderr).toBe(0)
    const path = join(directory, `failing-${groups.length}.yaml`)
    await writeFile(path, stdout)
    return path
  }

  // How a connection fails, each gRPC says in its own words; hints are ours.
  const shape = (text: string): string =>
    text
      .replace(/\n\nHint: [^]*$/, '\n')
      .replace(/(- \| rpc error: code = Unavailable desc) [^]*?(\n\n|\n {4}\n|\n {2}\n|\n {2}[^ ])/g, '$1$2')
      .trimEnd()

  async function compare(
    path: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): Promise<string> {
    const [theirs, ours] = [
      await sops(['decrypt', ...args, path], { env }),
      await tsops(['decrypt', ...args, path], { env }),
    ]
    expect(ours.status).toBe(theirs.status)
    expect(shape(ours.stderr)).toBe(shape(theirs.stderr))
    return theirs.stderr
  }

  test('several groups, keys and services are reported alike', async () => {
    const [tcp, unix] = [
      await start('sops', 'tcp', [], carol.identity),
      await start('tsops', 'unix', [], carol.identity),
    ]
    const services = ['--keyservice', tcp.address, '--keyservice', unix.address, '--keyservice', 'unix:///absent']
    const groups = await encryptFor([alice, bob], [carol], [bob])
    const text = await compare(groups, services, bare)
    expect(text).toContain('Group 1: SUCCESS')
    expect(text.match(/rpc error/g)?.length).toBeGreaterThan(3)
    const one = await encryptFor([alice, bob])
    await compare(one, services, bare)
    await compare(one, remoteOnly(unix.address), {})
    await compare(one, ['--enable-local-keyservice=false'], {})
    await compare(groups, ['--enable-local-keyservice=false'], {})
    await compare(groups, [], { SOPS_ENABLE_LOCAL_KEYSERVICE: '' })
    await compare(groups, ['--decryption-order', 'pgp,age,pgp'], {})
    await compare(groups, [], { SOPS_DECRYPTION_ORDER: 'age,kms,age' })
    await compare(groups, [], { SOPS_DECRYPTION_ORDER: 'unheard' })
  })

  test.each([
    ['--enable-local-keyservice=false'],
    [...remoteOnly('unix:///absent'), '--keyservice', 'unix:///absent/too'],
  ])('encryption without a service that works: %s %s', async (...args) => {
    const plain = join(directory, 'unwrapped.yaml')
    await writeFile(plain, 'a: b\n')
    const all = ['encrypt', '--age', `${alice.recipient},${bob.recipient}`, ...args, plain]
    const [theirs, ours] = [await sops(all), await tsops(all)]
    const plainly = (text: string): string =>
      (text.split('\nHint: ')[0] ?? '').replace(/ desc = (?:No|conn).*?(?= failed to|\])/g, '')
    expect(ours.status).toBe(theirs.status)
    expect(plainly(ours.stderr).trimEnd()).toBe(plainly(theirs.stderr).trimEnd())
  })
})

describe('tsops keyservice', () => {
  test.each(['sops', 'tsops'])('--prompt: %s gets what the user allows', async (client) => {
    const { address, child, output } = await start('tsops', 'tcp', ['--prompt'])
    const { run } = programs[client]!
    const path = join(directory, `prompt-${client}.yaml`)
    await writeFile(path, 'a: b\n')
    const encrypting = run(['encrypt', '--age', bob.recipient, ...remoteOnly(address), path], { env: bare })
    while (!output().includes('(y/n): ')) await sleep(50)
    expect(output()).toContain(`Received encrypt request using age key "${bob.recipient}". Respond to request?`)
    child.stdin?.write('what?\ny\n')
    const encrypted = await encrypting
    expect(encrypted.status, encrypted.stderr).toBe(0)
    await writeFile(path, encrypted.stdout)
    child.stdin?.write('n\n')
    const refused = await run(['decrypt', ...remoteOnly(address), path], { env: bare })
    expect(refused.status).toBe(128)
    expect(refused.stderr.replace(/\n\s*\| /g, ' ')).toContain(
      'code = PermissionDenied desc = Request rejected by user',
    )
    // Nobody is there any more to say yes.
    child.stdin?.end()
    expect((await run(['decrypt', ...remoteOnly(address), path], { env: bare })).status).toBe(128)
  })

  test('a signal ends it, with its socket, also while a question is open', async () => {
    for (const args of [[], ['--prompt']]) {
      const { address, child, output } = await start('tsops', 'unix', ['--verbose', ...args])
      const path = join(directory, 'signal.yaml')
      await writeFile(path, 'a: b\n')
      const asking = tsops(['encrypt', '--age', bob.recipient, ...remoteOnly(address), path], { env: bare })
      if (args.length > 0) while (!output().includes('(y/n): ')) await sleep(50)
      else await asking
      const ended = new Promise((done) => child.on('exit', done))
      child.kill('SIGTERM')
      expect(await ended).toBe(0)
      await asking
      expect(existsSync(address.replace('unix://', ''))).toBe(false)
      expect(output()).toContain('Listening on unix://')
    }
  })

  test('a place that is taken', async () => {
    const { address } = await start('sops', 'tcp')
    const place = address.replace('tcp://', '')
    const { status, stderr } = await tsops(['keyservice', '--address', place])
    expect(status).toBe(1)
    expect(stderr).toContain('EADDRINUSE')
  })
})
