import type { S3 } from '@aws-sdk/client-s3'
import type { Host } from '../host.ts'
import { PerHost } from '../keys/per-host.ts'
import { loadSdk } from '../keys/sdk.ts'
import { askAws, awsSettings, findRegion } from './aws.ts'
import { subjectOf } from './failure.ts'

const service = 'AWS S3'

export interface NewObject {
  readonly bucket: string
  readonly key: string
  readonly bytes: Uint8Array
}

// One client for all files: they share its credentials.
const clients = new PerHost<S3>()

/** Throws SopsError. */
export async function putObject({ bucket, key, bytes }: NewObject, host: Host): Promise<void> {
  await askAws(service, host, async (abortSignal) => {
    const client = await clients.get(host, '', () => makeClient(host))
    await client.putObject({ Bucket: bucket, Key: key, Body: bytes }, { abortSignal })
  })
}

async function makeClient(host: Host): Promise<S3> {
  const { S3 } = await loadSdk('@aws-sdk/client-s3', subjectOf(service), () => import('@aws-sdk/client-s3'))
  return new S3(await awsSettings(host, 'S3', await findRegion(host)))
}
