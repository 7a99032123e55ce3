from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Argon2id with 46 MiB, which is what OWASP asks for and a small server can afford.

    Django's own takes 100 MiB and eight threads each time: eight people who
    sign in at once would need 800 MiB. Older hashes follow at the next sign-in.
    """

    time_cost = 2
    memory_cost = 46 * 1024
    parallelism = 1
