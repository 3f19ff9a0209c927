import { stat } from 'node:fs/promises';
import type { Account } from '../aws/service.ts';
import { type FileAsset, type Stack, TemplateError } from './template.ts';

/** Where the code of functions and builds is on disk: the folders that CDK would have zipped and uploaded. */
export interface AssetFolders {
  /** @throws TemplateError when the template names an object that is not an asset */
  folderOf(bucket: string, key: string): string;
  /** @throws TemplateError when the cloud assembly lacks a file that its manifest names */
  add(stack: Stack, putFile: (bucket: string, key: string, path: string) => unknown): Promise<void>;
}

/**
 * Folder assets stay the folders that they are (who reads them, Lambda and CodeBuild, needs a folder again);
 * single files go to the assets bucket.
 */
export function createAssetFolders(account: Pick<Account, 'id' | 'region'>): AssetFolders {
  const folders = new Map<string, string>();
  const nameOf = (asset: FileAsset) =>
    asset.bucket.replaceAll(`\${AWS::AccountId}`, account.id).replaceAll(`\${AWS::Region}`, account.region);

  return {
    folderOf(bucket, key) {
      const folder = folders.get(`${bucket}/${key}`);
      if (folder === undefined) throw new TemplateError(`The cloud assembly has no asset s3://${bucket}/${key}.`);
      return folder;
    },
    async add(stack, putFile) {
      for (const asset of stack.assets) {
        const found = await stat(asset.path).catch(() => undefined);
        if (found === undefined) throw new TemplateError(`The cloud assembly lacks ${asset.path}: synthesise again.`);
        if (asset.packaging === 'zip' && found.isDirectory()) folders.set(`${nameOf(asset)}/${asset.key}`, asset.path);
        else await putFile(nameOf(asset), asset.key, asset.path);
      }
    },
  };
}
