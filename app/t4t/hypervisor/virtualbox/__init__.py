"""VirtualBox: where it is, how VBoxManage is asked, and what its answers mean. The drivers of both roads build on it."""
