// `npm run package`: the archive bears the date of the release and not of the build, so that two builds have the same bytes.
import { createVSIX } from "@vscode/vsce";

process.env.SOURCE_DATE_EPOCH ??= "1750000000";
await createVSIX({ packagePath: "flowquill.vsix", dependencies: false, rewriteRelativeLinks: false });
