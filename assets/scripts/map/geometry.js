const MAP_GEOMETRY = {
 "size": [1760, 746],
 "zones": [
  {"id": "cluster", "box": [16, 14, 994, 718], "name": [42, 52]},
  {"id": "internet", "box": [1036, 160, 278, 188], "name": [1056, 334]},
  {"id": "account", "box": [1340, 14, 404, 718], "name": [1366, 50]}
 ],
 "boxes": [
  {"id": "developer", "zone": "", "box": [1048, 14, 254, 98], "rows": []},
  {"id": "api_server", "zone": "cluster", "box": [642, 76, 344, 106], "rows": [[654, 130, 320, 36]]},
  {"id": "webhook", "zone": "cluster", "box": [42, 76, 286, 100], "rows": []},
  {"id": "service_account", "zone": "cluster", "box": [42, 268, 286, 126], "rows": [[54, 346, 262, 36]]},
  {"id": "kubelet", "zone": "cluster", "box": [42, 428, 286, 88], "rows": []},
  {"id": "instance_metadata", "zone": "cluster", "box": [42, 618, 286, 98], "rows": []},
  {"id": "pod", "zone": "cluster", "box": [642, 250, 344, 434], "rows": [[654, 304, 320, 36], [654, 344, 320, 36], [654, 384, 320, 36], [654, 424, 320, 98], [666, 580, 296, 36], [666, 620, 296, 36]]},
  {"id": "issuer", "zone": "internet", "box": [1048, 172, 254, 124], "rows": [[1060, 250, 230, 36]]},
  {"id": "provider", "zone": "account", "box": [1364, 66, 356, 142], "rows": [[1376, 120, 332, 36], [1376, 160, 332, 36]]},
  {"id": "sts", "zone": "account", "box": [1364, 268, 356, 162], "rows": [[1376, 322, 332, 98]]},
  {"id": "role", "zone": "account", "box": [1364, 490, 356, 142], "rows": [[1376, 544, 332, 36], [1376, 584, 332, 36]]},
  {"id": "s3", "zone": "account", "box": [1364, 660, 356, 58], "rows": []},
  {"id": "thief", "zone": "", "box": [1048, 486, 254, 142], "rows": [[1060, 540, 230, 36], [1060, 580, 230, 36]]}
 ],
 "sdk": [654, 532, 320, 142],
 "edges": [
  {"id": "publish", "from": "api_server", "to": "issuer", "reference": false, "path": "M994.3 150.6C998.0 155.8 1034.9 208.2 1039.5 214.7"},
  {"id": "trust", "from": "provider", "to": "issuer", "reference": true, "path": "M1355.5 179.9C1350.8 182.3 1314.9 200.5 1310.5 202.8"},
  {"id": "annotation", "from": "service_account", "to": "role", "reference": true, "path": "M336.6 305.5C354.5 296.8 738.4 112.1 990.0 246.0 1033.5 269.2 1015.8 304.5 1052.0 338.0 1147.2 426.1 1200.1 407.0 1306.0 482.0 1328.5 498.0 1352.8 522.2 1355.7 525.2"},
  {"id": "policy", "from": "role", "to": "provider", "reference": true, "path": "M1728.0 532.0C1728.0 516.0 1728.0 181.6 1728.0 166.0"},
  {"id": "create", "from": "developer", "to": "api_server", "reference": false, "path": "M1039.5 73.1C1034.8 76.2 998.9 99.3 994.5 102.2"},
  {"id": "review", "from": "api_server", "to": "webhook", "reference": false, "path": "M633.5 102.5C620.5 102.4 349.2 101.1 336.5 101.0"},
  {"id": "read", "from": "webhook", "to": "service_account", "reference": false, "path": "M185.0 184.5C185.0 190.6 185.0 253.7 185.0 259.6"},
  {"id": "token_request", "from": "kubelet", "to": "api_server", "reference": false, "path": "M336.5 445.1C349.5 431.7 620.8 153.1 633.5 140.1"},
  {"id": "token", "from": "api_server", "to": "kubelet", "reference": false, "path": "M633.5 166.6C620.5 179.8 349.2 454.3 336.5 467.1"},
  {"id": "mount", "from": "kubelet", "to": "pod", "reference": false, "path": "M336.5 498.5C349.5 500.5 620.8 543.0 633.5 545.0"},
  {"id": "fallback", "from": "pod", "to": "instance_metadata", "reference": false, "path": "M633.5 640.6C620.5 641.4 349.2 656.5 336.5 657.2"},
  {"id": "assume", "from": "pod", "to": "sts", "reference": false, "path": "M994.6 488.5C1010.4 483.1 1340.0 370.7 1355.4 365.4"},
  {"id": "keys", "from": "sts", "to": "issuer", "reference": false, "path": "M1355.5 292.0C1350.8 289.2 1314.9 267.9 1310.5 265.3"},
  {"id": "call", "from": "pod", "to": "s3", "reference": false, "path": "M994.6 640.7C1010.4 642.8 1340.0 686.9 1355.4 688.9"},
  {"id": "register", "from": "developer", "to": "provider", "reference": false, "path": "M1310.3 53.6C1314.0 58.6 1350.9 108.8 1355.5 115.1"},
  {"id": "grant", "from": "developer", "to": "role", "reference": false, "path": "M1310.1 88.3C1312.1 109.3 1354.0 546.9 1355.9 567.4"},
  {"id": "hold_provider", "from": "sts", "to": "provider", "reference": false, "path": "M1542.0 259.5C1542.0 255.0 1542.0 220.7 1542.0 216.4"},
  {"id": "knock", "from": "sts", "to": "api_server", "reference": false, "path": "M1355.4 413.9C1343.5 414.8 1152.1 428.5 1052.0 338.0 998.1 289.3 994.3 186.9 994.0 177.4"},
  {"id": "hold_role", "from": "sts", "to": "role", "reference": false, "path": "M1542.0 438.5C1542.0 443.0 1542.0 477.3 1542.0 481.6"},
  {"id": "copy", "from": "pod", "to": "thief", "reference": false, "path": "M994.5 545.2C999.2 546.5 1035.1 555.7 1039.5 556.9"},
  {"id": "thief_sts", "from": "thief", "to": "sts", "reference": false, "path": "M1251.5 477.8C1257.5 472.7 1349.9 394.6 1355.7 389.7"},
  {"id": "thief_s3", "from": "thief", "to": "s3", "reference": false, "path": "M1226.2 636.1C1233.6 638.5 1348.5 675.0 1355.7 677.3"},
  {"id": "thief_api_server", "from": "thief", "to": "api_server", "reference": false, "path": "M1098.7 477.6C1095.5 469.7 1044.8 341.8 990.0 246.0 976.0 221.4 954.5 193.7 951.9 190.3"}
 ]
}
