# life.ps1 SETUP.exe: the life of an installation on a real Windows: what the tests under wine can't show, foremost that a program in use holds its folder.
param([Parameter(Mandatory)] [string] $Setup)
Set-StrictMode -Version Latest
$ErrorActionPreference = "Stop"
$place = Join-Path $env:LOCALAPPDATA "Programs\Test4Theory"
$program = Join-Path $place "app\t4t.exe"
$key = "HKCU:\Software\Microsoft\Windows\CurrentVersion\Uninstall\org.t4t.desktop"

function Invoke-Setup([string[]] $Words) {
    $done = Start-Process -FilePath $Setup -ArgumentList $Words -Wait -PassThru
    if ($done.ExitCode -ne 0) { throw "setup $Words ended with $($done.ExitCode)" }
}

function Assert([bool] $So, [string] $What) {
    if (-not $So) { throw $What }
    Write-Host "ok: $What"
}

Invoke-Setup "/S", "/CurrentUser"
Assert (Test-Path $program) "it is installed"
Assert (Test-Path $key) "Windows knows of it"
Assert (Test-Path (Join-Path $place "app\_internal\installation.json")) "it knows how it came"
& $program self-check
Assert ($LASTEXITCODE -eq 0) "every part of it works"

Start-Process -FilePath (Join-Path $place "app\t4tw.exe") -ArgumentList "run", "--hypervisor", "fake"
$answers = $false
foreach ($try in 1..120) {
    & $program status *> $null
    if ($LASTEXITCODE -eq 0) { $answers = $true; break }
    Start-Sleep -Seconds 1
}
Assert $answers "the agent answers"
Invoke-Setup "/S", "/CurrentUser"
Assert (-not (Test-Path (Join-Path $place "app.old"))) "a repair while it runs leaves no old copy"
& $program quit --wait
& $program --version
Assert ($LASTEXITCODE -eq 0) "the repaired one works"

Start-Process -FilePath (Join-Path $place "uninstall.exe") -ArgumentList "/S", "/RemoveWork" -Wait
foreach ($try in 1..120) {
    if (-not (Test-Path $place)) { break }
    Start-Sleep -Seconds 1
}
Assert (-not (Test-Path $place)) "nothing is left of the program"
Assert (-not (Test-Path $key)) "Windows has forgotten it"
Assert (-not (Test-Path (Join-Path $env:LOCALAPPDATA "t4t"))) "the work is gone, as was asked"
