// The AWS services that somebody else wrote. They check the encryption context, but no signature.

import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { motoServerBin } from './peers.ts'

export interface Moto {
  readonly url: string
  /** Makes a key in a region; gives its ARN. */
  createKey(region: string): Promise<string>
  close(): Promise<void>
}

export async function startMoto(): Promise<Moto> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const child = spawn(motoServerBin, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await untilAnswering(url)
  return {
    url,
    createKey: (region) => createKey(url, region),
    close() {
      child.kill()
      return ended
    },
  }
}

async function untilAnswering(url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const answers = await fetch(`${url}/moto-api/`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (answers) return
    await sleep(100)
  }
  throw new Error('moto does not answer')
}

async function createKey(url: string, region: string): Promise<string> {
  const credential = `fake/20240102/${region}/kms/aws4_request`
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.CreateKey',
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=fake`,
    },
    body: '{}',
  })
  const arn = /"Arn":\s*"([^"]+)"/.exec(await response.text())?.[1]
  if (arn === undefined) throw new Error('moto made no key')
  return arn
}
