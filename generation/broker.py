"""The broker, as far as whoever rings needs to know it."""

from amqp.exceptions import AMQPError
from kombu.exceptions import KombuError

AWAY = (KombuError, AMQPError, OSError)
"""What a broker raises that is away or refuses. RabbitMQ's refusals come as its driver has them."""
