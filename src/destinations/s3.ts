// Encrypted files as objects of an S3 bucket. The host follows from the SDK and the environment, never from a file.
import { ConfigError } from '../errors.ts'
import type { DestinationKind } from './types.ts'

export const s3: DestinationKind = {
  kind: 's3',
  fields: ['s3_bucket', 's3_prefix', 'recreation_rule'],
  open(fields) {
    const bucket = fields.text('s3_bucket')
    const prefix = fields.text('s3_prefix')
    if (!bucketPattern.test(bucket))
      throw new ConfigError(`s3_bucket is no name of a bucket: ${JSON.stringify(bucket)}`)
    // A path of these would be another one by the time that it is sent.
    if (prefix.split('/').some((segment) => segment === '.' || segment === '..')) {
      throw new ConfigError('s3_prefix has a segment of dots alone')
    }
    return {
      takes: 'file',
      uri: (name) => `s3://${bucket}/${prefix}${name}`,
      async upload(name, bytes, { host }) {
        const { putObject } = await import('./s3-client.ts')
        await putObject({ bucket, key: prefix + name, bytes }, host)
        return 'written'
      },
    }
  },
}

// The name of a bucket, or the ARN of an access point.
const bucketPattern = /^(?:\w[\w.-]{0,254}|arn:aws[\w-]*:s3[\w-]*:[a-z0-9-]*:\d*:[\w/:.-]+)$/
