#!/bin/sh
# Brings the programs that some tests drive (Chromium as its headless shell, a Japanese font, kubectl, version 2 of the AWS
# CLI, etcd, Graphviz's dot, nginx), and npm, by which one more comes, through apt where we are root on Debian or Ubuntu.
# Anywhere else it says what is missing; those tests are then skipped, with the reason.
set -eu

has_font() { fc-list 2>/dev/null | grep -q 'Noto Sans CJK'; }
has_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
has_aws() { for aws in /usr/bin/aws /usr/local/bin/aws; do "$aws" --version; done 2>/dev/null | grep -q '^aws-cli/2'; }

missing=
if ! command -v chromium-headless-shell >/dev/null && { [ "$(id -u)" = 0 ] || ! has_chromium >/dev/null; }; then
    missing="$missing chromium-headless-shell"
fi
has_font || missing="$missing fonts-noto-cjk"
command -v kubectl >/dev/null || missing="$missing kubectl"
has_aws || missing="$missing awscli"
command -v dot >/dev/null || missing="$missing graphviz"
command -v npm >/dev/null || missing="$missing npm"
command -v etcd >/dev/null || missing="$missing etcd-server"
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing="$missing nginx"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Not on this machine:$missing. The tests that need them will be skipped." >&2
    exit 0
fi

DEBIAN_FRONTEND=noninteractive
export DEBIAN_FRONTEND
apt-get update -qq || echo "apt-get update failed; going on with the package lists that are here" >&2
for package in $missing; do
    if [ "$package" = kubectl ] && ! apt-cache show kubectl >/dev/null 2>&1; then
        package=kubernetes-client # where Debian 12 keeps kubectl
    fi
    if [ "$package" = chromium-headless-shell ] && ! apt-cache show chromium-headless-shell >/dev/null 2>&1; then
        package=chromium # which Debian 12 has alone
    fi
    echo "Installing $package"
    apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
        echo "apt-get could not install $package. The tests that need it will be skipped." >&2
done
