// Encrypted files as objects of a Google Cloud Storage bucket. The host follows from the environment, never from a file.
import { ConfigError } from '../errors.ts'
import type { DestinationKind } from './types.ts'

export const gcs: DestinationKind = {
  kind: 'gcs',
  fields: ['gcs_bucket', 'gcs_prefix', 'recreation_rule'],
  open(fields) {
    const bucket = fields.text('gcs_bucket')
    const prefix = fields.text('gcs_prefix')
    if (!/^\w[\w.:-]{0,221}$/.test(bucket)) {
      throw new ConfigError(`gcs_bucket is no name of a bucket: ${JSON.stringify(bucket)}`)
    }
    return {
      takes: 'file',
      uri: (name) => `gcs://${bucket}/${prefix}${name}`,
      async upload(name, bytes, { host }) {
        const { putObject } = await import('./gcs-client.ts')
        await putObject({ bucket, name: prefix + name, bytes }, host)
        return 'written'
      },
    }
  },
}
