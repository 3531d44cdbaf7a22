; The setup for Windows. make_windows_setup.py compiles it, on any system:
;   VERSION, NUMBERS  the version, and as four numbers
;   BUNDLE            the folder that PyInstaller made
;   MARKER            installation.json, which says how this copy came
;   ICON, LICENCES, OUT
;   QUICK             packed badly and soon, for tests
;   SIGN              a command that signs the file named after it; without it nothing is signed
;
;   setup.exe [/S] [/AllUsers | /CurrentUser] [/NoShortcut] [/Ended] [/D=C:\a folder]      /Ended: the program's own update has ended it, and starts it again
;   uninstall.exe [/S] [/RemoveWork [/KeepResults]]
;
; Run again it repairs, or upgrades: the new program is put beside the old one, must start there, and only then takes its place by a change of names. Whatever
; goes wrong before that leaves the old one as it was. The marker is put in place last: a copy without it was cut short (docs/updates.md). The folder "app" is ours alone; of the folder around it nothing is ever removed that we did not put there.
;
; It ends with 0; 1: cancelled; 2: an error that has no number below; 3: the folder has an "app" of somebody else's; 4: no room, or no right to write;
; 5: the new program does not start here; 6: the old one is still in use; 7: the work could not be removed; 10: not for this Windows; 740: needs an administrator.

Target amd64-unicode ; Debian's makensis has it; the other one would need the 32 bit half of Windows
!include "MUI2.nsh"
!include "FileFunc.nsh"
!include "LogicLib.nsh"
!include "WinVer.nsh"
!include "x64.nsh"
!include "nsDialogs.nsh"

!define NAME "Test4Theory"
!define ID "org.t4t.desktop"
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\${ID}"
!define RUN_KEY "Software\Microsoft\Windows\CurrentVersion\Run"
!define PATHS_KEY "Software\Microsoft\Windows\CurrentVersion\App Paths\t4t.exe"

!define FOREIGN_FOLDER 3
!define NOT_WRITTEN 4
!define DOES_NOT_START 5
!define IN_USE 6
!define WORK_STAYS 7
!define WRONG_WINDOWS 10
!define NEEDS_ADMINISTRATOR 740
!define SECONDS_TO_LEAVE 60

Name "${NAME}"
OutFile "${OUT}"
BrandingText "${NAME} ${VERSION}"
RequestExecutionLevel user
ManifestDPIAware true
ManifestSupportedOS Win10
SetDateSave off ; the same files give the same setup
!ifdef QUICK
  SetCompressor zlib
!else
  SetCompressor /SOLID lzma
  SetCompressorDictSize 64
!endif
VIProductVersion "${NUMBERS}"
VIAddVersionKey "ProductName" "${NAME} Desktop"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "${NAME} setup"
VIAddVersionKey "CompanyName" "The ${NAME} Desktop developers"
VIAddVersionKey "LegalCopyright" "GPL-3.0-or-later"
!ifdef SIGN
  !finalize '${SIGN} "%1"' = 0
  !uninstfinalize '${SIGN} "%1"' = 0
!endif

Var Everybody ; 1: for all users of this computer
Var Ran       ; 1: the program ran, and comes back after an upgrade
Var Shortcut
Var Ended     ; 1: nobody is to be asked to end
Var RemoveWork
Var KeepResults
Var RemoveBox
Var KeepBox
Var List

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_FUNCTION StartIt
!define MUI_FINISHPAGE_RUN_TEXT "Start ${NAME} now"
!define MUI_WELCOMEPAGE_TEXT "${NAME} gives spare computing time to LHC physics.$\r$\n$\r$\nIt starts with Windows only after you tell it to. VirtualBox, which it works with, is \
installed from within the program.$\r$\n$\r$\nIf it is installed already, its work and settings stay: a running one saves everything first."
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_LICENSE "${LICENCES}"
Page custom ForWhom ForWhomLeave
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
UninstPage custom un.Work un.WorkLeave
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

!macro FAIL CODE TEXT
  SetErrorLevel ${CODE}
  DetailPrint "${TEXT}"
  MessageBox MB_OK|MB_ICONSTOP "${TEXT}" /SD IDOK
  Abort "${TEXT}"
!macroend
!define Fail "!insertmacro FAIL"

; --- for whom ---------------------------------------------------------------------------------------------------------

!macro SETTLE_SCOPE
  ${If} $Everybody = 1
    SetShellVarContext all
  ${Else}
    SetShellVarContext current
  ${EndIf}
!macroend

!macro NEED_ADMINISTRATOR AGAIN ; who is none starts it again as one; whoever refuses that comes out below, with $0 = 0
  StrCpy $0 1
  UserInfo::GetAccountType
  Pop $1
  ${If} $1 != "Admin"
    StrCpy $0 0
    ${IfNot} ${Silent}
      ClearErrors
      ExecShell "runas" '${AGAIN}' "/AllUsers"
      ${IfNot} ${Errors}
        SetErrorLevel 0
        Quit
      ${EndIf}
      MessageBox MB_OK|MB_ICONSTOP "Only an administrator can do this for all users."
    ${EndIf}
  ${EndIf}
!macroend

!macro QUIT_WITHOUT_ADMINISTRATOR
  ${If} $0 = 0
    SetErrorLevel ${NEEDS_ADMINISTRATOR}
    Quit
  ${EndIf}
!macroend

Function .onInit
  SetRegView 64
  ${IfNot} ${RunningX64}
  ${OrIfNot} ${AtLeastWin10}
    MessageBox MB_OK|MB_ICONSTOP "${NAME} needs Windows 10 or newer, 64 bit." /SD IDOK
    SetErrorLevel ${WRONG_WINDOWS}
    Quit
  ${EndIf}
  StrCpy $Shortcut 1
  StrCpy $Everybody 0
  StrCpy $Ended 0
  ReadRegStr $1 HKCU "${UNINSTALL_KEY}" "InstallLocation"
  ReadRegStr $2 HKLM "${UNINSTALL_KEY}" "InstallLocation"
  ${If} $1 == ""
  ${AndIf} $2 != ""
    StrCpy $Everybody 1 ; what is there is upgraded as it is
  ${EndIf}
  ${GetParameters} $3
  ${GetOptions} $3 "/NoShortcut" $4
  ${IfNot} ${Errors}
    StrCpy $Shortcut 0
  ${EndIf}
  ${GetOptions} $3 "/Ended" $4
  ${IfNot} ${Errors}
    StrCpy $Ended 1
  ${EndIf}
  ${GetOptions} $3 "/CurrentUser" $4
  ${IfNot} ${Errors}
    StrCpy $Everybody 0
  ${EndIf}
  ${GetOptions} $3 "/AllUsers" $4
  ${IfNot} ${Errors}
    StrCpy $Everybody 1
  ${EndIf}
  ${If} $Everybody = 1
    !insertmacro NEED_ADMINISTRATOR "$EXEPATH"
    !insertmacro QUIT_WITHOUT_ADMINISTRATOR
  ${EndIf}
  Call Settle
FunctionEnd

Function Settle ; the folder: what the command line says, else where it is, else the usual one
  !insertmacro SETTLE_SCOPE
  ReadRegStr $0 SHCTX "${UNINSTALL_KEY}" "InstallLocation"
  ${If} $INSTDIR == ""
    ${If} $0 != ""
      StrCpy $INSTDIR $0
    ${ElseIf} $Everybody = 1
      StrCpy $INSTDIR "$PROGRAMFILES64\${NAME}"
    ${Else}
      StrCpy $INSTDIR "$LOCALAPPDATA\Programs\${NAME}"
    ${EndIf}
  ${EndIf}
FunctionEnd

Var ForAll
Function ForWhom
  !insertmacro MUI_HEADER_TEXT "For whom" "Each user has work and settings of their own, in either case."
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateRadioButton} 0 10u 100% 12u "Only for me (needs no administrator)"
  Pop $1
  ${NSD_CreateRadioButton} 0 28u 100% 12u "For all users of this computer"
  Pop $ForAll
  ${If} $Everybody = 1
    ${NSD_Check} $ForAll
  ${Else}
    ${NSD_Check} $1
  ${EndIf}
  nsDialogs::Show
FunctionEnd

Function ForWhomLeave
  ${NSD_GetState} $ForAll $0
  ${If} $0 = ${BST_CHECKED}
    StrCpy $1 1
  ${Else}
    StrCpy $1 0
  ${EndIf}
  ${If} $1 <> $Everybody
    StrCpy $Everybody $1
    StrCpy $INSTDIR ""
    ${If} $Everybody = 1
      !insertmacro NEED_ADMINISTRATOR "$EXEPATH"
      ${If} $0 = 0
        StrCpy $Everybody 0
        Call Settle
        Abort ; back to the question
      ${EndIf}
    ${EndIf}
    Call Settle
  ${EndIf}
FunctionEnd

; --- the running program ----------------------------------------------------------------------------------------------

!macro END_PROGRAM UN
Function ${UN}EndProgram ; it saves its virtual machines first; that may take minutes
  StrCpy $Ran 0
  ${If} $Ended <> 1
  ${AndIf} ${FileExists} "$INSTDIR\app\t4t.exe"
    DetailPrint "Ending ${NAME}, if it runs; its work is saved"
    nsExec::Exec '"$INSTDIR\app\t4t.exe" quit --wait'
    Pop $0
    ${If} $0 == "0" ; a word where it could not be started
      StrCpy $Ran 1
    ${EndIf}
  ${EndIf}
FunctionEnd

Function ${UN}PutAside ; app becomes app.old, which Windows refuses while anything in it is in use. Sets the error flag where that lasts
  StrCpy $0 0
  ${Do}
    ClearErrors
    ${IfNot} ${FileExists} "$INSTDIR\app\*.*"
      ${ExitDo}
    ${EndIf}
    Rename "$INSTDIR\app" "$INSTDIR\app.old"
    ${IfNot} ${Errors}
      ${ExitDo}
    ${EndIf}
    IntOp $0 $0 + 1
    ${If} $0 > ${SECONDS_TO_LEAVE}
      SetErrors
      ${ExitDo}
    ${EndIf}
    Sleep 1000
  ${Loop}
FunctionEnd
!macroend
!insertmacro END_PROGRAM ""
!insertmacro END_PROGRAM "un."

Function StartIt
  ${If} $Everybody = 1
    Exec '"$WINDIR\explorer.exe" "$INSTDIR\app\t4tw.exe"' ; as the user, not as the administrator
  ${Else}
    Exec '"$INSTDIR\app\t4tw.exe"'
  ${EndIf}
FunctionEnd

; --- installing -------------------------------------------------------------------------------------------------------

Section "program"
  SetRegView 64
  !insertmacro SETTLE_SCOPE
  ; somebody died between two changes of names
  ${IfNot} ${FileExists} "$INSTDIR\app\*.*"
  ${AndIf} ${FileExists} "$INSTDIR\app.old\t4t.exe"
    Rename "$INSTDIR\app.old" "$INSTDIR\app"
  ${EndIf}
  ${If} ${FileExists} "$INSTDIR\app\*.*"
  ${AndIfNot} ${FileExists} "$INSTDIR\app\_internal\*.*"
    ${Fail} ${FOREIGN_FOLDER} "The folder $INSTDIR has a folder “app” that is not ours. Please choose another one."
  ${EndIf}

  RMDir /r "$INSTDIR\app.old"
  RMDir /r "$INSTDIR\app.new"
  ClearErrors
  SetOutPath "$INSTDIR\app.new"
  File /r "${BUNDLE}\*.*"
  SetOutPath "$TEMP" ; nobody may stay in a folder that is to get another name
  ${If} ${Errors}
    RMDir /r "$INSTDIR\app.new"
    RMDir "$INSTDIR"
    ${Fail} ${NOT_WRITTEN} "The program could not be written to $INSTDIR: the disk is full, or you may not write there. Nothing was changed."
  ${EndIf}

  DetailPrint "Looking whether it starts on this computer"
  nsExec::Exec '"$INSTDIR\app.new\t4t.exe" self-check libraries'
  Pop $0
  ${If} $0 != 0
    RMDir /r "$INSTDIR\app.new"
    RMDir "$INSTDIR"
    ${Fail} ${DOES_NOT_START} "The new program does not start on this computer ($0). Nothing was changed."
  ${EndIf}

  Call EndProgram
  Call PutAside
  ${If} ${Errors}
    RMDir /r "$INSTDIR\app.new"
    ${Fail} ${IN_USE} "${NAME} is still in use, perhaps by another user of this computer. Nothing was changed; please end it and try again."
  ${EndIf}
  ClearErrors
  Rename "$INSTDIR\app.new" "$INSTDIR\app"
  ${If} ${Errors}
    Rename "$INSTDIR\app.old" "$INSTDIR\app"
    RMDir /r "$INSTDIR\app.new"
    ${Fail} ${NOT_WRITTEN} "The new program could not take its place in $INSTDIR; the old one is back."
  ${EndIf}
  RMDir /r "$INSTDIR\app.old"

  ClearErrors
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayName" "${NAME} Desktop"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\app\t4tw.exe"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "Publisher" "The ${NAME} Desktop developers"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "NoRepair" 1
  ${GetSize} "$INSTDIR\app" "/S=0K" $0 $1 $2
  IntFmt $0 "0x%08X" $0
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "EstimatedSize" "$0"
  WriteRegStr SHCTX "${PATHS_KEY}" "" "$INSTDIR\app\t4t.exe"
  ${If} $Shortcut = 1
    CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\app\t4tw.exe" "" "$INSTDIR\app\t4tw.exe" 0
  ${Else}
    Delete "$SMPROGRAMS\${NAME}.lnk"
  ${EndIf}
  ${If} ${Errors}
    ${Fail} ${NOT_WRITTEN} "The program is in $INSTDIR, but Windows could not be told of it. Please run this setup again."
  ${EndIf}
  SetOutPath "$INSTDIR\app\_internal"
  File "/oname=installation.json" "${MARKER}" ; last of all
  SetOutPath "$TEMP"
  ${If} ${Errors}
    ${Fail} ${NOT_WRITTEN} "The program is in $INSTDIR, but not wholly. Please run this setup again."
  ${EndIf}

  ${If} $Ran = 1
  ${AndIf} $Everybody = 0
    Exec '"$INSTDIR\app\t4tw.exe" run --tray'
  ${EndIf}
SectionEnd

; --- removing ---------------------------------------------------------------------------------------------------------

Function un.onInit
  SetRegView 64
  StrCpy $RemoveWork 0
  StrCpy $KeepResults 0
  StrCpy $Everybody 0
  StrCpy $Ended 0
  ReadRegStr $0 HKLM "${UNINSTALL_KEY}" "InstallLocation"
  ${If} $0 == $INSTDIR
    StrCpy $Everybody 1
    !insertmacro NEED_ADMINISTRATOR "$INSTDIR\uninstall.exe"
    !insertmacro QUIT_WITHOUT_ADMINISTRATOR
  ${EndIf}
  !insertmacro SETTLE_SCOPE
  ${GetParameters} $1
  ${GetOptions} $1 "/RemoveWork" $2
  ${IfNot} ${Errors}
    StrCpy $RemoveWork 1
  ${EndIf}
  ${GetOptions} $1 "/KeepResults" $2
  ${IfNot} ${Errors}
    StrCpy $KeepResults 1
  ${EndIf}
FunctionEnd

Function un.Work ; what there is beside the program, in its own words
  !insertmacro MUI_HEADER_TEXT "Your work" "It stays, unless you want it to go along."
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateLabel} 0 0 100% 20u "Beside the program this computer has the following. If you keep it, a later installation goes on with it."
  Pop $0
  nsDialogs::CreateControl EDIT "${DEFAULT_STYLES}|${WS_VSCROLL}|${ES_MULTILINE}|${ES_READONLY}|${ES_AUTOVSCROLL}" "${WS_EX_CLIENTEDGE}" 0 22u 100% 78u ""
  Pop $List
  Call un.Show
  ${NSD_CreateCheckbox} 0 104u 100% 12u "Remove all of it as well"
  Pop $RemoveBox
  ${NSD_CreateCheckbox} 12u 118u 95% 12u "but keep results and pictures"
  Pop $KeepBox
  nsDialogs::Show
FunctionEnd

Function un.Show ; a list longer than a string of ours may be, which is why it goes through a file
  InitPluginsDir
  nsExec::Exec '"$SYSDIR\cmd.exe" /d /s /c ""$INSTDIR\app\t4t.exe" remove-everything --show >"$PLUGINSDIR\list.txt" 2>nul"'
  Pop $0
  ClearErrors
  FileOpen $1 "$PLUGINSDIR\list.txt" r
  ${If} ${Errors}
    Return
  ${EndIf}
  ${Do}
    FileRead $1 $2
    ${If} ${Errors}
      ${ExitDo}
    ${EndIf}
    SendMessage $List ${EM_SETSEL} -1 -1
    SendMessage $List ${EM_REPLACESEL} 0 "STR:$2"
  ${Loop}
  FileClose $1
  SendMessage $List ${EM_SETSEL} 0 0
  SendMessage $List ${EM_SCROLLCARET} 0 0
FunctionEnd

Function un.WorkLeave
  ${NSD_GetState} $KeepBox $0
  ${If} $0 = ${BST_CHECKED}
    StrCpy $KeepResults 1
  ${Else}
    StrCpy $KeepResults 0
  ${EndIf}
  ${NSD_GetState} $RemoveBox $0
  ${If} $0 = ${BST_CHECKED}
    StrCpy $RemoveWork 1
  ${Else}
    StrCpy $RemoveWork 0
  ${EndIf}
FunctionEnd

!macro FORGET ROOT KEY ; what starts this very installation, and no other, with a session
  ReadRegStr $0 ${ROOT} "${KEY}" "${NAME}"
  StrLen $1 "$INSTDIR\app\"
  StrCpy $2 $0 $1
  StrCpy $3 $0 $1 1 ; behind a quotation mark
  ${If} $2 == "$INSTDIR\app\"
  ${OrIf} $3 == "$INSTDIR\app\"
    DeleteRegValue ${ROOT} "${KEY}" "${NAME}"
  ${EndIf}
!macroend

Function un.ForgetAutostart ; of this user, or of all users that are logged in
  ${If} $Everybody = 0
    !insertmacro FORGET HKCU "${RUN_KEY}"
    Return
  ${EndIf}
  StrCpy $4 0
  ${Do}
    EnumRegKey $5 HKU "" $4
    ${If} $5 == ""
      ${ExitDo}
    ${EndIf}
    !insertmacro FORGET HKU "$5\${RUN_KEY}"
    IntOp $4 $4 + 1
  ${Loop}
FunctionEnd

Section "Uninstall"
  SetRegView 64
  !insertmacro SETTLE_SCOPE
  SetOutPath "$TEMP"
  Call un.EndProgram
  ${If} $RemoveWork = 1
    DetailPrint "Removing what it made on this computer"
    StrCpy $1 ""
    ${If} $KeepResults = 1
      StrCpy $1 " --keep results pictures"
    ${EndIf}
    nsExec::ExecToLog '"$INSTDIR\app\t4t.exe" remove-everything --yes$1'
    Pop $0
    ${If} $0 != 0
      ${Fail} ${WORK_STAYS} "Not everything could be removed ($0). The program stays, too: $INSTDIR\app\t4t.exe remove-everything --show says what there is."
    ${EndIf}
  ${EndIf}
  RMDir /r "$INSTDIR\app.old"
  Call un.PutAside
  ${If} ${Errors}
    ${Fail} ${IN_USE} "${NAME} is still in use, perhaps by another user of this computer. Nothing was removed; please end it and try again."
  ${EndIf}
  RMDir /r "$INSTDIR\app.old"
  RMDir /r "$INSTDIR\app.new"
  Call un.ForgetAutostart
  Delete "$SMPROGRAMS\${NAME}.lnk"
  DeleteRegKey SHCTX "${PATHS_KEY}"
  DeleteRegKey SHCTX "${UNINSTALL_KEY}"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR" ; only if nobody else has anything in it
SectionEnd
