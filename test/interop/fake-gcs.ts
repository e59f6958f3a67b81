// Google Cloud Storage as somebody else wrote it.

import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { fakeGcsBin } from './peers.ts'

export interface StoredObject {
  readonly text: string
  readonly contentType: string | undefined
}

export interface FakeGcs {
  /** For STORAGE_EMULATOR_HOST. */
  readonly host: string
  createBucket(name: string): Promise<void>
  /** By name. */
  objectsOf(bucket: string): Promise<ReadonlyMap<string, StoredObject>>
  deleteObjects(bucket: string): Promise<void>
  close(): Promise<void>
}

export async function startFakeGcs(): Promise<FakeGcs> {
  const port = await freePort()
  const host = `127.0.0.1:${port}`
  const args = [
    '-scheme',
    'http',
    '-host',
    '127.0.0.1',
    '-port',
    String(port),
    '-backend',
    'memory',
    '-public-host',
    host,
  ]
  const child = spawn(fakeGcsBin, args, { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const base = `http://${host}/storage/v1/b`
  await untilAnswering(base)
  const list = async (bucket: string): Promise<readonly { name: string; contentType?: string }[]> => {
    const answer = (await (await fetch(`${base}/${bucket}/o`)).json()) as { items?: { name: string }[] }
    return answer.items ?? []
  }
  const urlOf = (bucket: string, name: string): string => `${base}/${bucket}/o/${encodeURIComponent(name)}`
  return {
    host,
    async createBucket(name) {
      const { ok } = await fetch(base, { method: 'POST', body: JSON.stringify({ name }) })
      if (!ok) throw new Error('there is no bucket')
    },
    async objectsOf(bucket) {
      const objects = (await list(bucket)).map(async ({ name, contentType }) => {
        const text = await (await fetch(`${urlOf(bucket, name)}?alt=media`)).text()
        return [name, { text, contentType }] as const
      })
      return new Map(await Promise.all(objects))
    },
    async deleteObjects(bucket) {
      for (const { name } of await list(bucket)) await fetch(urlOf(bucket, name), { method: 'DELETE' })
    },
    close() {
      child.kill()
      return ended
    },
  }
}

async function untilAnswering(url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const answers = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
    if (answers) return
    await sleep(100)
  }
  throw new Error('fake-gcs-server does not answer')
}
