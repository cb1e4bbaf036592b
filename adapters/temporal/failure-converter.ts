/** Loaded by path, by the client, the worker and the workflow bundle alike: the export's name is the SDK's. */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
