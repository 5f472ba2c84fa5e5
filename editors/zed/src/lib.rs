//! Starts `flowquill lsp` for Zed. The program comes from the person's PATH; nothing is downloaded.

use zed_extension_api::{self as zed, settings::LspSettings, LanguageServerId, Result};

struct Flowquill;

impl zed::Extension for Flowquill {
    fn new() -> Self {
        Self
    }

    fn language_server_command(&mut self, _id: &LanguageServerId, worktree: &zed::Worktree) -> Result<zed::Command> {
        let command = worktree
            .which("flowquill")
            .ok_or("flowquill is not on the PATH; install it (pip install flowquill) and reload the extension.")?;
        Ok(zed::Command { command, args: vec!["lsp".into()], env: worktree.shell_env() })
    }

    fn language_server_initialization_options(
        &mut self,
        id: &LanguageServerId,
        worktree: &zed::Worktree,
    ) -> Result<Option<zed::serde_json::Value>> {
        Ok(LspSettings::for_worktree(id.as_ref(), worktree)?.initialization_options)
    }
}

zed::register_extension!(Flowquill);
