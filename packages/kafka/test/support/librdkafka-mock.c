// The mock cluster that librdkafka brings along, driven by lines: `topic <name> <partitions>`, `down <broker>`, `up <broker>`. Ends with its input.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    char problem[512], line[512], topic[256];
    int number;
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), problem, sizeof problem);
    rd_kafka_mock_cluster_t *cluster = client == NULL ? NULL : rd_kafka_mock_cluster_new(client, argc > 1 ? atoi(argv[1]) : 1);
    if (cluster == NULL)
        return 1;
    printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        int code = -1;
        if (sscanf(line, "topic %255s %d", topic, &number) == 2)
            code = rd_kafka_mock_topic_create(cluster, topic, number, 1);
        else if (sscanf(line, "down %d", &number) == 1)
            code = rd_kafka_mock_broker_set_down(cluster, number);
        else if (sscanf(line, "up %d", &number) == 1)
            code = rd_kafka_mock_broker_set_up(cluster, number);
        printf("%d\n", code);
        fflush(stdout);
    }
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(client);
    return 0;
}
