// A Kubernetes API server of the tests' own, with nothing behind it but its database.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../interop/free-port.ts'
import { apiServerBin, kubectlBin } from './peers.ts'

export interface ApiServer {
  /** Runs kubectl as an administrator; throws what it wrote to stderr when it fails. */
  kubectl(args: readonly string[], stdin?: string): string
  close(): Promise<void>
}

export async function startApiServer(): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'api-server-'))
  const [client, peer, secure] = await Promise.all([freePort(), freePort(), freePort()])
  const etcd = `http://127.0.0.1:${client}`
  const database = spawn('etcd', databaseArguments(folder, etcd, `http://127.0.0.1:${peer}`), { stdio: 'ignore' })
  const server = spawn(apiServerBin, serverArguments(folder, etcd, secure), { stdio: 'ignore' })
  const kubectl = (args: readonly string[], stdin = ''): string => {
    const where = [`--server=https://127.0.0.1:${secure}`, '--insecure-skip-tls-verify', '--token=token']
    // No configuration of the user's may get in.
    const env = { PATH: process.env.PATH, HOME: folder }
    return execFileSync(kubectlBin, [...where, ...args], { input: stdin, encoding: 'utf8', env, stdio: 'pipe' })
  }
  const close = async (): Promise<void> => {
    await end(server)
    await end(database)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await untilReady(kubectl)
  } catch (error) {
    await close()
    throw error
  }
  return { kubectl, close }
}

function databaseArguments(folder: string, client: string, peer: string): readonly string[] {
  return [
    ...['--data-dir', join(folder, 'etcd'), '--log-level', 'error'],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
  ]
}

function serverArguments(folder: string, etcd: string, port: number): readonly string[] {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  return [
    `--etcd-servers=${etcd}`,
    `--cert-dir=${join(folder, 'certs')}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('sa.pub', publicKey)}`,
    `--service-account-signing-key-file=${file('sa.key', privateKey)}`,
    `--token-auth-file=${file('tokens.csv', 'token,admin,1,system:masters\n')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--disable-admission-plugins=ServiceAccount',
  ]
}

async function untilReady(kubectl: ApiServer['kubectl']): Promise<void> {
  let reason = ''
  for (let tries = 0; tries < 600; tries++) {
    try {
      if (kubectl(['get', 'namespace', 'default', '--output', 'name']) !== '') return
    } catch (error) {
      reason = error instanceof Error ? error.message : ''
    }
    await sleep(200)
  }
  throw new Error(`The API server does not answer: ${reason}`)
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('close', () => resolve())
    child.kill()
  })
}
