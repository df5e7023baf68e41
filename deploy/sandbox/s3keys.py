"""OpenStack Swift's tempauth with plain S3 access keys such as R2's, as lines `s3key_<ACCESS_KEY_ID> = <SECRET>` in the
section of the filter. (tempauth itself requires access keys of the form "account:user".) s3-server copies this file to
its configuration."""

from swift.common.middleware import tempauth


def filter_factory(global_conf, **conf):
    make = tempauth.filter_factory(global_conf, **conf)

    def factory(app):
        auth = make(app)
        for name, secret in conf.items():
            if name.startswith("s3key_"):
                auth.users[name[6:]] = {"key": secret, "url": "$HOST/v1/AUTH_sandbox", "groups": [".admin"]}
        return auth

    return factory
