;;; flowquill-mode.el --- Workflows from comments  -*- lexical-binding: t; -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1") (eglot "1.9"))
;; Keywords: languages, tools
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; A major mode for files of flows: colours, indentation, and the language server through eglot.
;; Write what a flow should do in a comment, then `C-c C-g'.

;;; Code:

(require 'cl-lib)
(require 'json)
(require 'eglot)

(defgroup flowquill nil
  "Workflows from comments."
  :group 'languages)

(defcustom flowquill-server-command '("flowquill" "lsp")
  "The command line of the language server."
  :type '(repeat string))

(defcustom flowquill-indent-offset 2
  "Blanks a level of indentation."
  :type 'integer
  :safe #'integerp)

(defcustom flowquill-start-server t
  "Whether opening a file of flows starts the language server."
  :type 'boolean)

;;;; Colours

(defconst flowquill--name "[A-Za-z_][A-Za-z0-9_]*")

(defvar flowquill-font-lock-keywords
  `((,(concat "\\_<\\(flow\\)\\_>[ \t]+\\(" flowquill--name "\\)") (1 font-lock-keyword-face) (2 font-lock-function-name-face))
    (,(concat "@" flowquill--name) . font-lock-preprocessor-face)
    (,(concat "\\_<\\(" flowquill--name "\\)\\.\\(" flowquill--name "\\)[ \t]*(") (1 font-lock-type-face) (2 font-lock-function-name-face))
    (":[ \t]*\\_<\\(text\\|integer\\|number\\|boolean\\|list\\|object\\|any\\)\\_>" (1 font-lock-type-face))
    (,(concat "\\_<\\(" flowquill--name "\\)[ \t]*:") (1 font-lock-variable-name-face))
    (,(regexp-opt '("flow" "on" "as" "if" "else" "switch" "case" "default" "for" "in" "do" "until" "limit" "scope" "parallel" "branch" "try" "catch"
                    "finally" "after" "todo" "refuse" "param" "var" "set" "append" "to" "increment" "decrement" "by" "and" "or" "not")
                  'symbols)
     . font-lock-keyword-face)
    (,(regexp-opt '("true" "false" "null" "succeeded" "failed" "skipped" "timed_out") 'symbols) . font-lock-constant-face)
    (,(concat "\\_<\\(" flowquill--name "\\)[ \t]*(") (1 font-lock-function-name-face)))
  "Colours of flows, beside those of texts and comments.")

(defvar flowquill-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?# "<" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?\" "\"" table)
    (modify-syntax-entry ?\\ "\\" table)
    (modify-syntax-entry ?_ "_" table)
    (modify-syntax-entry ?$ "'" table)
    table)
  "Syntax of flows.")

;;;; Indentation

(defun flowquill-indent-line ()
  "Indent the line by the brackets that are open before it."
  (interactive)
  (let* ((place (- (point-max) (point)))
         (depth (save-excursion
                  (back-to-indentation)
                  (let ((open (nth 1 (syntax-ppss))))
                    (if (null open)
                        0
                      (let ((closing (memq (char-after) '(?\} ?\) ?\]))))
                        (goto-char open)
                        (+ (current-indentation) (if closing 0 flowquill-indent-offset))))))))
    (if (nth 3 (save-excursion (syntax-ppss (line-beginning-position))))
        'noindent
      (indent-line-to depth)
      (when (> (- (point-max) place) (point))
        (goto-char (- (point-max) place))))))

;;;; The language server

(defclass flowquill-server (eglot-lsp-server)
  ((token :initform nil :accessor flowquill--token :documentation "Of the progress under way, which stops it.")
   (running :initform nil :accessor flowquill--running :documentation "Whether a command of a person is under way.")
   (stop :initform nil :accessor flowquill--stop :documentation "Whether it is to be stopped once its token is known.")
   (status :initform nil :accessor flowquill--status :documentation "What the server last said of itself."))
  :documentation "The language server of Flowquill.")

(add-to-list 'eglot-server-programs
             (cons '(flowquill-mode :language-id "flowquill")
                   ;; Read when a server is started, so that a changed option counts.
                   (lambda (&rest _) (cons 'flowquill-server flowquill-server-command))))

(cl-defmethod eglot-client-capabilities :around ((_server flowquill-server))
  "Say that progress and results are shown here and the server may ask for a line."
  (let* ((able (copy-sequence (cl-call-next-method)))
         (window (plist-get able :window)))
    ;; eglot 1.9 knows no progress, and without it nothing can be stopped.
    (setq able (plist-put able :window (plist-put (and (listp window) (copy-sequence window)) :workDoneProgress t)))
    (plist-put able :experimental '(:flowquill (:results t :input t)))))

(cl-defmethod eglot-handle-notification :before ((server flowquill-server) (_method (eql $/progress)) &key token value)
  "Remember what is under way, by TOKEN and VALUE, for SERVER."
  (pcase (plist-get value :kind)
    ("begin"
     (setf (flowquill--token server) token)
     (message "Flowquill: %s (C-c C-k stops it)" (or (plist-get value :title) "working"))
     (when (flowquill--stop server)
       (flowquill--send-stop server)))
    ("end" (setf (flowquill--token server) nil))))

(cl-defmethod eglot-handle-notification ((server flowquill-server) (_method (eql flowquill/status)) &rest status)
  "Keep the STATUS of SERVER."
  (setf (flowquill--status server) status))

(cl-defmethod eglot-handle-request ((_server flowquill-server) (_method (eql flowquill/input)) &key prompt &allow-other-keys)
  "Ask for a line under PROMPT."
  (let ((given (condition-case nil (read-string (concat (or prompt "Instruction") ": ")) (quit ""))))
    (list :value (if (string-empty-p given) :null given))))

(defvar eglot-confirm-server-initiated-edits)

(with-suppressed-warnings ((obsolete eglot-confirm-server-initiated-edits))
  (cl-defmethod eglot-handle-request :around ((server flowquill-server) (_method (eql workspace/applyEdit)) &rest _)
    "Take edits without a question where a command of a person asked SERVER."
    (let ((eglot-confirm-server-initiated-edits (unless (flowquill--running server) eglot-confirm-server-initiated-edits)))
      (cl-call-next-method))))

(defun flowquill--send-stop (server)
  "Stop what SERVER shows progress of."
  (jsonrpc-notify server :window/workDoneProgress/cancel (list :token (flowquill--token server))))

(defun flowquill--execute (server command arguments &optional done)
  "Have SERVER execute COMMAND with ARGUMENTS; call DONE with its answer.
Generation waits for the model to load, longer than eglot would wait."
  (setf (flowquill--running server) t
        (flowquill--stop server) nil)
  (jsonrpc-async-request
   server :workspace/executeCommand (list :command command :arguments arguments)
   :timeout 120
   ;; Waits for edits that have not been sent yet.
   :deferred :workspace/executeCommand
   :success-fn (lambda (answer)
                 (setf (flowquill--running server) nil)
                 (when done (funcall done answer)))
   :error-fn (lambda (problem)
               (setf (flowquill--running server) nil)
               (message "Flowquill: %s" (plist-get problem :message)))
   :timeout-fn (lambda ()
                 (setf (flowquill--running server) nil)
                 (message "Flowquill: the server did not answer in two minutes; M-x eglot-reconnect starts it again."))))

;; Commands of code actions, in eglot 1.9 and, below, from Emacs 30 on.
(with-suppressed-warnings ((obsolete eglot-execute-command))
  (cl-defmethod eglot-execute-command ((server flowquill-server) command arguments)
    "Execute COMMAND with ARGUMENTS on SERVER and show what it gives."
    (let ((name (format "%s" command)))
      (flowquill--execute server name arguments (flowquill--shower name)))))

(when (fboundp 'eglot-execute)
  (cl-defmethod eglot-execute :around ((server flowquill-server) action)
    "Execute the command of ACTION on SERVER without waiting; leave edits to eglot."
    (let ((command (plist-get action :command)))
      (if (stringp command)
          (flowquill--execute server command (plist-get action :arguments) (flowquill--shower command))
        (cl-call-next-method)))))

;;;; Commands

(defun flowquill--server ()
  "The server of this buffer; an error that says what to do where there is none."
  (or (eglot-current-server)
      (user-error "No language server runs for this file: M-x eglot starts it, after pip install flowquill")))

(defun flowquill--uri ()
  "The URI of this file, as eglot writes it."
  (plist-get (eglot--TextDocumentIdentifier) :uri))

(defun flowquill--flow ()
  "The name of the flow around point."
  (save-excursion
    (end-of-line)
    (unless (re-search-backward (concat "^[ \t]*flow[ \t]+\\(" flowquill--name "\\)") nil t)
      (user-error "Point stands in no flow; put it into one"))
    (match-string-no-properties 1)))

(defun flowquill--show (name text mode)
  "Show TEXT in a buffer NAME in MODE."
  (with-current-buffer (get-buffer-create name)
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert text)
      (goto-char (point-min)))
    (funcall mode)
    (view-mode 1)
    (display-buffer (current-buffer))))

(defun flowquill--shower (command)
  "A function that shows the answer of COMMAND, or nil."
  (pcase command
    ("flowquill.run"
     (lambda (answer)
       (flowquill--show "*Flowquill dry run*" (concat (plist-get answer :sentence) "\n\n" (plist-get answer :text) "\n") #'special-mode)))
    ("flowquill.compile"
     (lambda (answer)
       (mapc (lambda (problem) (message "Flowquill: %s" problem)) (plist-get answer :problems))
       (let ((json-encoding-pretty-print t) (json-false :json-false) (json-null :null))
         (flowquill--show "*Flowquill definition*" (json-encode (plist-get answer :definition)) #'js-mode))))))

(defun flowquill--on-line (command)
  "Have the server execute COMMAND for the line of point."
  (let ((server (flowquill--server)))
    (flowquill--execute server command (vector (flowquill--uri) (1- (line-number-at-pos nil t))))))

(defun flowquill--on-flow (command &rest more)
  "Have the server execute COMMAND, with MORE arguments, for the flow around point."
  (let ((server (flowquill--server)))
    (flowquill--execute server command (vconcat (list (flowquill--uri) (flowquill--flow)) more) (flowquill--shower command))))

(defun flowquill-generate ()
  "Write the flow of the comment at or above point."
  (interactive)
  (flowquill--on-line "flowquill.generate"))

(defun flowquill-generate-todo ()
  "Write the step of the `todo' on this line in its place."
  (interactive)
  (flowquill--on-line "flowquill.generateTodo"))

(defun flowquill-edit (instruction)
  "Change the flow around point as INSTRUCTION says."
  (interactive "sWhat should change: ")
  (flowquill--on-flow "flowquill.edit" instruction))

(defun flowquill-explain ()
  "Write what the flow around point does as a comment above it."
  (interactive)
  (flowquill--on-flow "flowquill.explain"))

(defun flowquill-run ()
  "Show a dry run of the flow around point."
  (interactive)
  (flowquill--on-flow "flowquill.run"))

(defun flowquill-export ()
  "Show the Logic Apps definition of the flow around point."
  (interactive)
  (flowquill--on-flow "flowquill.compile"))

(defun flowquill-stop ()
  "Stop the generation under way."
  (interactive)
  (let ((server (flowquill--server)))
    (cond ((flowquill--token server) (flowquill--send-stop server))
          ((flowquill--running server) (setf (flowquill--stop server) t))
          (t (message "Flowquill: nothing is running.")))))

(defun flowquill-status ()
  "Say what the server is doing."
  (interactive)
  (let ((status (flowquill--status (flowquill--server))))
    (message "Flowquill: %s" (or (plist-get status :message) (plist-get status :state) "the server has said nothing yet."))))

(defvar flowquill-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-g") #'flowquill-generate)
    (define-key map (kbd "C-c C-t") #'flowquill-generate-todo)
    (define-key map (kbd "C-c C-e") #'flowquill-edit)
    (define-key map (kbd "C-c C-d") #'flowquill-explain)
    (define-key map (kbd "C-c C-r") #'flowquill-run)
    (define-key map (kbd "C-c C-x") #'flowquill-export)
    (define-key map (kbd "C-c C-k") #'flowquill-stop)
    (define-key map (kbd "C-c C-f") #'eglot-format-buffer)
    (define-key map (kbd "C-c C-a") #'eglot-code-actions)
    (define-key map (kbd "C-c C-n") #'eglot-rename)
    map)
  "Keys of `flowquill-mode'.")

(defun flowquill--start ()
  "Start the language server, or say in one sentence why not."
  (cond ((not (and flowquill-start-server buffer-file-name)))
        ((executable-find (car flowquill-server-command)) (eglot-ensure))
        (t (message "Flowquill: %s is not on the PATH; install it (pip install flowquill) or set `flowquill-server-command'."
                    (car flowquill-server-command)))))

;;;###autoload
(define-derived-mode flowquill-mode prog-mode "Flowquill"
  "Major mode for files of flows."
  (setq-local comment-start "# "
              comment-end ""
              comment-start-skip "#+[ \t]*"
              indent-tabs-mode nil
              indent-line-function #'flowquill-indent-line
              electric-indent-chars (append "})]" electric-indent-chars)
              font-lock-defaults '(flowquill-font-lock-keywords))
  (flowquill--start))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.flow\\'" . flowquill-mode))

(provide 'flowquill-mode)

;;; flowquill-mode.el ends here
